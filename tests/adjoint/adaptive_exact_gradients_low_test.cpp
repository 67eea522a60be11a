// Gradients in adaptive steps, batches and float states, for exact pairs of second order.
#include "adjoint/adaptive_laws.hpp"

namespace {

using namespace antistrophe;
using Methods = std::tuple<Reversible<Midpoint>, Reversible<Heun>, Reversible<Ralston>>;

}  // namespace

ADAPTIVE_LAW("The gradient is that of the steps taken, by complex steps", gradient_is_that_of_the_steps)
ADAPTIVE_LAW("A batch is its columns", a_batch_is_its_columns)
ADAPTIVE_LAW("States of float are replayed to the bit, with the gradient of double", float_states_too)
