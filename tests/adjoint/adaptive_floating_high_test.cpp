// Adaptive steps replayed and gone back, for floating pairs of higher order.
#include "adjoint/adaptive_laws.hpp"

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Bosh3, Floating>, Reversible<Tsit5, Floating>, Reversible<Dopri5, Floating>,
                           Reversible<Dop853, Floating>>;

}  // namespace

ADAPTIVE_LAW("The steps taken, taken again, give the same states, bits and gradients bit for bit", replays_bit_for_bit)
ADAPTIVE_LAW("Both adjoints give one gradient of the steps taken", both_adjoints_agree)
ADAPTIVE_LAW("There and back, rejected trials or not, it ends where it began", comes_back)
ADAPTIVE_LAW("Rejected attempts leave no trace", rejected_attempts_leave_no_trace)
