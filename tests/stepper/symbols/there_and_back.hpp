// Everything of a stepper that evaluates f, called as solve and the adjoints call it: there, back on the bits with cotangents
// and without, and back through stored carries. That alone is compiled much faster than programs of solve and gradients, and
// its machine code is that of the stepper. Constant times and states are the bait for a compiler that likes to specialise.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include <cstdint>
#include <vector>

// True where all ways agree bit for bit.
template <class M, class F, class Y>
bool there_and_back(const M& method, const F& field, const Y& y0, const antistrophe::Timeline& timeline) {
  using namespace antistrophe;
  using S = typename M::template Stepper<F, Y>;
  S stepper(method, field, y0);
  typename S::Carry carry = stepper.make_carry();
  BitStack bits;
  if (stepper.start(timeline.t0(), y0, carry) != Outcome::ok) return false;
  std::vector<typename S::Carry> stored{carry};
  for (std::int64_t i = 0; i < timeline.steps(); ++i) {
    const Step step = step_at(timeline, i);
    if (stepper.attempt(step, carry) != Outcome::ok || stepper.commit(step, carry, bits) != Outcome::ok) return false;
    stored.push_back(carry);
  }

  const Y w = Y::Ones(y0.rows(), y0.cols());
  const auto gradient = [&](auto&& through_step) {
    struct {
      Y y0;
      typename S::Theta theta;
    } bar{Y::Zero(y0.rows(), y0.cols()), field.parameters()};
    bar.theta.setZero();
    typename S::CarryBar carry_bar = stepper.make_carry_bar();
    stepper.add_to_state(carry_bar, w);
    TimeCotangents t_bar;
    typename S::Carry at = stored.back();
    for (std::int64_t i = timeline.steps(); i-- > 0;)
      through_step(step_at(timeline, i), i, at, carry_bar, bar.theta, t_bar);
    stepper.finish(timeline.t0(), at, carry_bar, bar.y0, bar.theta, t_bar);
    return bar;
  };
  bool good = true;
  BitStack::Cursor cursor(bits), cursor_without(bits);
  const auto reversed =
      gradient([&](const Step& step, std::int64_t i, auto& at, auto& carry_bar, auto& theta, auto& t_bar) {
        good = stepper.step_back(step, at, carry_bar, theta, t_bar, {}, cursor) == Outcome::ok &&
               stepper.same(at, stored[static_cast<std::size_t>(i)]) && good;
      });
  const auto replayed =
      gradient([&](const Step& step, std::int64_t i, auto& at, auto& carry_bar, auto& theta, auto& t_bar) {
        at = stored[static_cast<std::size_t>(i)];
        stepper.pullback(step, at, carry_bar, theta, t_bar, {});
      });
  for (std::int64_t i = timeline.steps(); i-- > 0;)
    good = stepper.reconstruct(step_at(timeline, i), carry, cursor_without) == Outcome::ok &&
           stepper.same(carry, stored[static_cast<std::size_t>(i)]) && good;
  return good && reversed.y0 == replayed.y0 && reversed.theta == replayed.theta;
}
