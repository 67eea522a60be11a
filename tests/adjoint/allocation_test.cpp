// No pair, no plain method allocates in its loop.
#include "allocation.hpp"

namespace {

using Methods = battery::Joined<battery::FewPlainMethods, battery::FewExactMethods,
                                std::tuple<Reversible<Midpoint, Floating>, ReversibleAdams<4>>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("No method, no adjoint allocates in its loop", "[allocation]", Methods) {
  check_method(TestType{});
}
