// The nasty cases for symplectic methods of split fields, in both arithmetics, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include "reversible_methods.hpp"

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<SemiImplicitEuler<>, Verlet<>, Suzuki4<>, Verlet<Floating>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
