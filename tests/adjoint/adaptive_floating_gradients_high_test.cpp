// Gradients in adaptive steps, batches and float states, for floating pairs of higher order.
#include "adjoint/adaptive_laws.hpp"

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Bosh3, Floating>, Reversible<Tsit5, Floating>, Reversible<Dopri5, Floating>,
                           Reversible<Dop853, Floating>>;

}  // namespace

ADAPTIVE_LAW("The gradient is that of the steps taken, by complex steps", gradient_is_that_of_the_steps)
ADAPTIVE_LAW("A batch is its columns", a_batch_is_its_columns)
ADAPTIVE_LAW("States of float are replayed to the bit, with the gradient of double", float_states_too)
