// dL/dt0 and dL/dt1 through Adams methods, whose weights know of the times of K steps.
#include "times_laws.hpp"

using namespace antistrophe;
namespace times = battery::times;

namespace {

// At a resolution of 2^−52 an exact step is off by 2 · 2^−52; over 60 steps far below the tolerance.
using Methods = std::tuple<ReversibleAdams<1>, ReversibleAdams<4>, ReversibleAdams<6>, ReversibleAdamsPece<3>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("Times of Adams methods: equal steps, which move with both", "[times]", Methods) {
  times::times_of_equal_steps<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Times of Adams methods: steps of h, of which the last is cut to fit", "[times]", Methods) {
  times::times_of_steps_of_h<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Times of Adams methods: given nodes, which stay", "[times]", Methods) {
  times::times_of_given_nodes<TestType>();
}
TEMPLATE_LIST_TEST_CASE("Times of Adams methods: a save at a given time stays while its node moves", "[times]",
                        Methods) {
  times::times_of_given_saves<TestType>();
}
