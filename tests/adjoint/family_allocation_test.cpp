// None of the other reversible methods allocates in its loop.
#include "allocation.hpp"

#include "family.hpp"

namespace {

using Methods = battery::Joined<std::tuple<TwoPoint<Midpoint>, TwoPoint<Bosh3, Floating>>, battery::OneEvaluationMethods>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("No method, no adjoint allocates in its loop", "[allocation]", Methods) {
  check_method(TestType{});
}
