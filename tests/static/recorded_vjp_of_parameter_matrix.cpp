// expect: the parameters are one Eigen column vector
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/recorded_vjp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::VectorXd theta = Eigen::VectorXd::Ones(4);
#else
const Eigen::MatrixXd theta = Eigen::MatrixXd::Ones(2, 2);
#endif

auto field() {
  return recorded_vjp([](auto, const auto& y, const auto& p, auto& dy) { dy = -p[0] * y; }, theta);
}
