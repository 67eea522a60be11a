// The nasty cases for two points, reversible Heun and the asynchronous leapfrog, in exact arithmetic, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include "reversible_methods.hpp"

#include <tuple>

namespace {

using namespace antistrophe;
using Methods =
    std::tuple<TwoPoint<Midpoint>, TwoPoint<Bosh3>, LeapfrogMidpoint<>, ReversibleHeun<>, AsynchronousLeapfrog<>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
