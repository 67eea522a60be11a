// The nasty cases for two points, reversible Heun and the asynchronous leapfrog, in floating arithmetic, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include "reversible_methods.hpp"

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<TwoPoint<Euler, Floating>, TwoPoint<Midpoint, Floating>, LeapfrogMidpoint<Floating>,
                           ReversibleHeun<Floating>, AsynchronousLeapfrog<Floating>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
