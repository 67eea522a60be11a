// expect: CompressedCheckpointsAdjoint codes states of double or float, or 64-bit integers
#include <antistrophe/adjoint/compressed_checkpoints.hpp>
#include <antistrophe/antistrophe.hpp>

struct Decay {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

int main() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  using State = Eigen::Vector2d;
#else
  using State = Eigen::Vector<long double, 2>;
#endif
  const auto loss = [](const auto& ys, auto& ys_bar) {
    ys_bar.back().setOnes();
    return ys.back().sum();
  };
  const antistrophe::Problem problem{Decay{}, State(1, 2), 0.0, 1.0};
  (void)antistrophe::value_and_gradient(problem, antistrophe::RK4{}, antistrophe::FixedSteps{10}, loss,
                                        antistrophe::CompressedCheckpointsAdjoint{});
}
