// expect: the function keeps its parameters to itself, where they cannot be differentiated
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

using namespace antistrophe;

struct Growth {
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(1);
#ifdef ANTISTROPHE_TEST_REPAIRED
  const Eigen::VectorXd& rates() const { return theta; }
#else
  const Eigen::VectorXd& parameters() const { return theta; }
#endif
  void operator()(auto, const auto& y, auto& dy) const { dy = theta[0] * y; }
};

auto field() { return automatic_vjp(Growth{}); }
