// Order: halving h divides the error by 2^order, in both directions of time.
#include "battery.hpp"
#include "catch.hpp"

using namespace antistrophe;

namespace {

// Steps over a time of 1.5: enough that the next order's term is small beside the leading one, few enough that the error
// (1e−3 to 1e−13) stands far above round-off (1e−19 of long double, at the times 1e−16 of double) and the resolution
// 2^−58. Odd orders need more: the pair adds to their leading term at a relative size of h/(1−λ); order 5 would not reach its
// regime at λ = 0.9 before round-off does.
std::int64_t steps_for(int order) {
  switch (order) {
    case 1:
      return 16384;
    case 3:
      return 2048;
    case 5:
      return 768;
    case 8:
      return 16;
    default:
      return 512;
  }
}

template <class Scalar, class M>
void check_order(const M& method, std::int64_t n = steps_for(battery::Facts<M>::order)) {
  using Facts = battery::Facts<M>;
  CAPTURE(Facts::name, n);
  CHECK(std::fabs(battery::observed_order<Scalar>(method, 0.0, 1.5, n) - Facts::order) < 0.2);
  CHECK(std::fabs(battery::observed_order<Scalar>(method, 1.5, 0.0, n) - Facts::order) < 0.2);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("A plain method has its order", "[order]", battery::PlainMethods) {
  check_order<long double>(TestType{});
}

TEMPLATE_LIST_TEST_CASE("An exact pair has the order of its base method", "[order]", battery::ExactMethods) {
  // States of double: at order 5 fewer steps, so that the error stays above round-off.
  const int order = battery::Facts<TestType>::order;
  check_order<double>(TestType{.lambda = 0.5, .resolution = std::ldexp(1.0, -58)}, order == 5 ? 512 : steps_for(order));
}

TEMPLATE_LIST_TEST_CASE("A floating pair has the order of its base method", "[order]", battery::FloatingMethods) {
  check_order<long double>(TestType{.lambda = 0.5});
  check_order<long double>(TestType{.lambda = battery::Facts<TestType>::order == 5 ? 0.6 : 0.9});
}
