// expect: no events, running costs, functions of what is saved, or other adjoints.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>
#include <antistrophe/field/automatic_event.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};
#ifdef ANTISTROPHE_TEST_REPAIRED
const DirectAdjoint events;
#else
const Events events{Event{automatic_event([](auto, const auto& y) { return y[0] - 0.5; })}};
#endif

auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, loss, Lanes<4>{}, events); }
