// The laws of adaptive steps for plain methods of higher order.
#include "adjoint/adaptive_laws.hpp"

namespace {

using namespace antistrophe;
using Methods = std::tuple<Bosh3, Tsit5, Dopri5, Dop853>;

}  // namespace

ADAPTIVE_LAW("The steps taken, taken again, give the same states, bits and gradients bit for bit", replays_bit_for_bit)
ADAPTIVE_LAW("Rejected attempts leave no trace", rejected_attempts_leave_no_trace)
ADAPTIVE_LAW("The gradient is that of the steps taken, by complex steps", gradient_is_that_of_the_steps)
ADAPTIVE_LAW("A batch is its columns", a_batch_is_its_columns)
ADAPTIVE_LAW("States of float are replayed to the bit, with the gradient of double", float_states_too)
