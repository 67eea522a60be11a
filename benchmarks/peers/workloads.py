"""What script/bench --peers computes, by whom, and what the results must be. The numbers of references are those of references.py."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Entry:
    label: str
    program: str  # ours_*, with_*: a .cpp or .py beside this file
    name: str  # what the program calls it
    allowed: float = None  # its relative error, where that is not the workload's: of another scheme, or a continuous adjoint
    note: str = ""
    in_equal_steps: bool = False  # where there are targets: it is asked for a number of steps and not for a tolerance

    @property
    def is_ours(self):
        return self.program.startswith("ours_")


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    what: str
    allowed: float  # relative error of the value and of the gradient, by their largest entry, above which nothing is compared
    entries: tuple  # the first of ours is what all others are compared with
    # Of each argument (a number of problems, a width, 0 where there is none): value and gradient.
    references: dict
    measured: tuple = (0,)  # arguments: what is measured,
    large: tuple = ()  # with --large too,
    tried: int = 0  # and what ours is tried with in tests.
    argument: str = ""  # what it is
    # Errors that each entry is to reach, at the loosest tolerance that does, or in the fewest steps.
    targets: tuple = ()
    judged: str = "gradient"  # what the target is an error of


LORENZ = (-6.512113699419599, -6.974042788417076, 23.92412957210337)
ENSEMBLE = {  # of so many problems
    100: (101885.82736603048,
          (-150.59676377941256, 1453.1395124413468, 31894.512723478292, -2234.5214570600483, -1927.693141298302, 3976.5414530637686)),
    10000: (10188472.085858155,
          (-14940.919591996782, 145253.6499860926, 3188157.9607303594, -223578.5535419496, -192869.7329980496, 397660.5522745868)),
    100000: (101884710.79750994,
          (-149398.4007855404, 1452531.0194063194, 31881462.039174944, -2235797.022913702, -1928706.4556402175, 3976606.1042220765)),
}


def of_an_ensemble(ours, others=(), **given):
    """The gradients of many problems: by ours, by those who solve them in either kind of steps, and by others."""
    in_any_steps = (
        Entry("diffrax, `vmap`, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "recursive"),
        Entry("diffrax, `vmap`, `BacksolveAdjoint`", "with_diffrax.py", "backsolve", note="continuous"),
        Entry("torchode, `AutoDiffAdjoint`", "with_torchode.py", "direct"),
    )
    return Workload(entries=ours + in_any_steps + others, references=ENSEMBLE, measured=(10000,), large=(100000,), tried=100,
                    argument="problems", **given)


WORKLOADS = (
    Workload(
        name="lotka_volterra",
        title="Gradient of Lotka–Volterra, to an error",
        what="Two numbers, four parameters, t from 0 to 10: the sum of both numbers at the end and its gradient with respect to the "
             "parameters, steps chosen. Everyone takes the loosest tolerance, of a ladder of half decades, from which on its gradient is "
             "off by no more than the target (relative, by the largest entry). Equal steps are as few as that takes, of a ladder of sixteen "
             "numbers a decade, along which an error of order 8 falls by half decades too.",
        allowed=1e-2,
        entries=(
            Entry("`Dop853`, `DirectAdjoint`", "ours_lotka_volterra", "dop853"),
            Entry("the same, `.repeats = 0`", "ours_lotka_volterra", "dop853_once",
                  note="does not look again at a gradient in doubt"),
            Entry("`Dop853`, `DirectAdjoint`, `FixedSteps`", "ours_lotka_volterra", "dop853_equal", in_equal_steps=True,
                  note="equal steps: nothing estimates their error"),
            Entry("`Tsit5`, `DirectAdjoint`", "ours_lotka_volterra", "tsit5"),
            Entry("`Dop853`, `ForwardMode`", "ours_lotka_volterra", "forward", note="derivatives by y0 as well"),
            Entry("`Reversible<Dop853>`", "ours_lotka_volterra", "pair", note="stores no states"),
            Entry("heyoka, Taylor, variational equations", "with_heyoka.py", "taylor", note="forward; machine code made for the problem"),
            Entry("CVODES, Adams, forward sensitivities", "with_cvodes", "forward"),
            Entry("CVODES, Adams, adjoint", "with_cvodes", "adjoint", note="continuous"),
            Entry("CasADi (CVODES), Adams, forward", "with_casadi.py", "forward"),
            Entry("CasADi (CVODES), Adams, adjoint", "with_casadi.py", "adjoint", note="continuous"),
            Entry("CasADi (CVODES), BDF, adjoint", "with_casadi.py", "adjoint_bdf", note="continuous; CasADi's default method"),
            Entry("diffrax, `Dopri8`, `ForwardMode`", "with_diffrax.py", "forward"),
            Entry("diffrax, `Dopri8`, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "dopri8"),
            Entry("diffrax, `Tsit5`, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "tsit5"),
            Entry("diffrax, `Dopri8`, `BacksolveAdjoint`", "with_diffrax.py", "backsolve", note="continuous"),
        ),
        references={0: (1.9360358457111309,
                        (-4.096212993658198, -0.5094088119112992, -1.1458348864297372, -1.8043278687671014))},
        targets=(1e-6, 1e-8, 1e-10),
    ),
    Workload(
        name="w1",
        title="Gradient of a small network, 1,000 steps",
        what="y' = a network 1–10–1 (tanh), 1,000 midpoint steps of 0.01 from y = 1: the square of the last state, and its gradient "
             "with respect to the start and to 31 weights (compared: that by the start, the sum and the norm of the others).",
        allowed=1e-8,
        entries=(
            Entry("`Midpoint`, `DirectAdjoint`", "ours_w1", "direct"),
            Entry("`Reversible<Midpoint>`", "ours_w1", "pair", note="exact pair; stores no states"),
            Entry("`ReversibleAdams<4>`", "ours_w1", "adams", allowed=1e-3, note="stores no states; of order 4, and so another result"),
            Entry("diffrax, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "recursive"),
            Entry("diffrax, `BacksolveAdjoint`", "with_diffrax.py", "backsolve", allowed=1e-3, note="continuous"),
            Entry("torchdiffeq, `odeint`", "with_torchdiffeq.py", "direct"),
            Entry("torchdiffeq, `odeint_adjoint`", "with_torchdiffeq.py", "adjoint", allowed=1e-3, note="continuous"),
        ),
        references={0: (149.76698927152495, (28.95521735871923, 99.32396400496201, 736.1569388988659))},
    ),
    of_an_ensemble(
        name="ensemble_of_equal_steps",
        title="Gradients of 10,000 problems, equal steps",
        what="Lorenz' equations from t = 0 to 1 from (1 + 0.1 i/n, 1, 1), i = 0, …, n − 1: the sum of the squares of the states at the end, "
             "and its gradient with respect to the three parameters and to every start; `Dopri5` in 100 equal steps.",
        allowed=1e-6,
        ours=(
            Entry("`DirectAdjoint`, `Lanes<8>`", "ours_ensemble", "lanes8"),
            Entry("`DirectAdjoint`, `Lanes<4>`", "ours_ensemble", "lanes4"),
            Entry("`DirectAdjoint`, one after the other", "ours_ensemble", "alone"),
        ),
    ),
    of_an_ensemble(
        name="ensemble_to_a_tolerance",
        title="Gradients of 10,000 problems, steps chosen",
        what="The same by `Dopri5` in steps that each problem chooses for itself, at a tolerance of 1e-6.",
        allowed=1e-3,
        ours=(
            Entry("`DirectAdjoint`, `Lanes<8>`, `.repeats = 0`", "ours_ensemble", "lanes8"),
            Entry("`DirectAdjoint`, `Lanes<4>`, `.repeats = 0`", "ours_ensemble", "lanes4"),
            Entry("`DirectAdjoint`, `Lanes<8>`", "ours_ensemble", "looked_at_again", note="gradients in doubt are taken again"),
        ),
        others=(Entry("torchode, `JointBacksolveAdjoint`", "with_torchode.py", "joint", note="continuous"),),
    ),
    Workload(
        name="lorenz_equal_steps",
        title="Lorenz forward, equal steps",
        what="The state at t = 5 from (1, 1, 1) by the classical Runge–Kutta method in 2,000 steps; no gradient.",
        allowed=1e-6,
        entries=(
            Entry("`RK4`", "ours_lorenz", "rk4"),
            Entry("odeint, `runge_kutta4`", "with_odeint", "rk4"),
            Entry("GSL, `rk4`", "with_gsl", "rk4", note="takes each step once whole and twice half, so its error is smaller"),
        ),
        references={0: (LORENZ[0], LORENZ[1:])},
        judged="state",
    ),
    Workload(
        name="lorenz_to_a_tolerance",
        title="Lorenz forward, to an error",
        what="The same state, steps chosen; tolerances as above, for an error of the state.",
        allowed=1e-2,
        entries=(
            Entry("`Dop853`", "ours_lorenz", "dop853"),
            Entry("`Dopri5`", "ours_lorenz", "dopri5"),
            Entry("heyoka, Taylor", "with_heyoka.py", "taylor", note="machine code made for the problem"),
            Entry("odeint, `runge_kutta_fehlberg78`", "with_odeint", "fehlberg78"),
            Entry("odeint, `runge_kutta_dopri5`", "with_odeint", "dopri5"),
            Entry("GSL, `rk8pd`", "with_gsl", "rk8pd"),
            Entry("GSL, `rkf45`", "with_gsl", "rkf45"),
            Entry("CVODES, Adams", "with_cvodes", "adams"),
            Entry("diffrax, `Dopri8`", "with_diffrax.py", "dopri8"),
        ),
        references={0: (LORENZ[0], LORENZ[1:])},
        targets=(1e-6, 1e-9),
        judged="state",
    ),
    Workload(
        name="wide_network",
        title="Gradient of a wide network, in float",
        what="y' = a network d–d–d (tanh) of 128 samples in float, 100 steps from t = 0 to 1: the mean square of the last state, and its gradient "
             "with respect to the start and to all weights (compared: the sum by the start, the sum and the norm by the weights). Bound by products of "
             "matrices. The classical method's 3/8 variant has four evaluations a step, `Dopri5` six; held against the equation, from "
             "which both differ by less than floats do.",
        allowed=1e-4,
        entries=(
            Entry("`RK38`, `DirectAdjoint`", "ours_wide_network", "rk38"),
            Entry("torchdiffeq, `rk4`, `odeint`", "with_torchdiffeq.py", "direct", note="the same variant"),
            Entry("torchdiffeq, `rk4`, `odeint_adjoint`", "with_torchdiffeq.py", "adjoint", note="continuous"),
            Entry("`Dopri5`, `DirectAdjoint`", "ours_wide_network", "dopri5"),
            Entry("diffrax, `Dopri5`, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "recursive"),
            Entry("diffrax, `Dopri5`, `BacksolveAdjoint`", "with_diffrax.py", "backsolve", note="continuous"),
            Entry("`ReversibleAdams<4>`", "ours_wide_network", "adams", note="one evaluation a step; stores no states"),
        ),
        references={
            8: (0.685493101580966, (-0.009722751379596757, 0.19878568946983338, 0.4854339057756358)),
            64: (0.905040784554461, (-0.01962439980879268, -0.04192756705199097, 0.7711091057295445)),
            256: (1.4443658398944814, (-0.012113131218635324, -0.04123083375683172, 2.73460797428716)),
        },
        measured=(64, 256), tried=8, argument="wide",
    ),
    Workload(
        name="neural_sde",
        title="Gradient of a neural SDE, in float",
        what="Samples of four numbers in float, drift and diagonal diffusion networks of a hidden layer of 64, 100 steps of reversible "
             "Heun from t = 0 to 1, the gradient with respect to the start and both networks. Results are held together without noise, where all solve "
             "one ODE; times are with noise, each call along a new path, whose numbers are drawn in it.",
        allowed=1e-3,
        entries=(
            Entry("`ReversibleHeun`", "ours_neural_sde", "heun"),
            Entry("torchsde, `adjoint_reversible_heun`", "with_torchsde.py", "heun"),
            Entry("diffrax, `ReversibleHeun`, `RecursiveCheckpointAdjoint`", "with_diffrax.py", "recursive"),
        ),
        references=dict.fromkeys((16, 256), (2.5963036332271523, (3.6634282478846494, 5.282314433292016, 6.50829060522943))),
        measured=(256,), tried=16, argument="samples",
    ),
)
