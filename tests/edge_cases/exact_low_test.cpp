// The nasty cases for exact pairs of methods of three stages at most, by both adjoints.
#include <antistrophe/antistrophe.hpp>

#include <tuple>

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Euler>, Reversible<Midpoint>, Reversible<Heun>, Reversible<Ralston>,
                           Reversible<Ralston3>, Reversible<Bosh3>>;

}  // namespace

#include "edge_cases/run_laws.hpp"
