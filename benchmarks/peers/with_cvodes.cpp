// SUNDIALS' CVODES: Lotka–Volterra with the equations of its adjoint or of its forward sensitivities, Lorenz forward; by Adams methods and
// fixed-point iteration, which are for problems that are not stiff. Solver and memory are made once.
#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_config.h>
#include <sundials/sundials_context.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/worker.hpp"

namespace {

void check(int flag, const char* call) {
  if (flag < 0) throw std::runtime_error(std::string(call) + " returns " + std::to_string(flag));
}

SUNContext context() {
  static const SUNContext one = [] {
    SUNContext made = nullptr;
    check(SUNContext_Create(nullptr, &made), "SUNContext_Create");
    return made;
  }();
  return one;
}

constexpr long steps_allowed = 1000000, steps_between_checkpoints = 1000;

// Vectors, solvers and memory live until the program ends: there are few.
struct Vector {
  N_Vector v;
  double* data;
  explicit Vector(sunindextype size) : v(N_VNew_Serial(size, context())), data(N_VGetArrayPointer(v)) {}
  void set(std::initializer_list<double> numbers) { std::copy(numbers.begin(), numbers.end(), data); }
};

const double* of(N_Vector v) { return N_VGetArrayPointer(v); }
double* to(N_Vector v) { return N_VGetArrayPointer(v); }

constexpr double theta[] = {1.5, 1, 3, 1};

int lotka_volterra(double, N_Vector u_, N_Vector du_, void*) {
  const double* u = of(u_);
  double* du = to(du_);
  du[0] = theta[0] * u[0] - theta[1] * u[0] * u[1];
  du[1] = -theta[2] * u[1] + theta[3] * u[0] * u[1];
  return 0;
}
int adjoint(double, N_Vector u_, N_Vector a_, N_Vector da_, void*) {
  const double *u = of(u_), *a = of(a_);
  double* da = to(da_);
  da[0] = -(theta[0] - theta[1] * u[1]) * a[0] - theta[3] * u[1] * a[1];
  da[1] = theta[1] * u[0] * a[0] - (theta[3] * u[0] - theta[2]) * a[1];
  return 0;
}
int parameters(double, N_Vector u_, N_Vector a_, N_Vector dq_, void*) {
  const double *u = of(u_), *a = of(a_);
  double* dq = to(dq_);
  dq[0] = -u[0] * a[0];
  dq[1] = u[0] * u[1] * a[0];
  dq[2] = u[1] * a[1];
  dq[3] = -u[0] * u[1] * a[1];
  return 0;
}
int sensitivities(int, double, N_Vector u_, N_Vector, N_Vector* s_, N_Vector* ds_, void*, N_Vector, N_Vector) {
  const double* u = of(u_);
  const double product = u[0] * u[1];
  const double by_theta[4][2] = {{u[0], 0}, {-product, 0}, {0, -u[1]}, {0, product}};
  for (int i = 0; i < 4; ++i) {
    const double* s = of(s_[i]);
    double* ds = to(ds_[i]);
    ds[0] = (theta[0] - theta[1] * u[1]) * s[0] - theta[1] * u[0] * s[1] + by_theta[i][0];
    ds[1] = theta[3] * u[1] * s[0] + (theta[3] * u[0] - theta[2]) * s[1] + by_theta[i][1];
  }
  return 0;
}
int lorenz(double, N_Vector y_, N_Vector dy_, void*) {
  const double* y = of(y_);
  double* dy = to(dy_);
  dy[0] = 10 * (y[1] - y[0]);
  dy[1] = y[0] * (28 - y[2]) - y[1];
  dy[2] = y[0] * y[1] - 8.0 / 3 * y[2];
  return 0;
}

struct Solver {
  Vector y, start;
  void* memory = CVodeCreate(CV_ADAMS, context());

  Solver(CVRhsFn f, std::initializer_list<double> y0, double tolerance)
      : y(static_cast<sunindextype>(y0.size())), start(static_cast<sunindextype>(y0.size())) {
    start.set(y0);
    y.set(y0);
    check(CVodeInit(memory, f, 0.0, y.v), "CVodeInit");
    check(CVodeSStolerances(memory, tolerance, tolerance), "CVodeSStolerances");
    check(CVodeSetMaxNumSteps(memory, steps_allowed), "CVodeSetMaxNumSteps");
    check(CVodeSetErrHandlerFn(
              memory, [](int, const char*, const char*, char*, void*) {}, nullptr),
          "CVodeSetErrHandlerFn");
    check(CVodeSetNonlinearSolver(memory, SUNNonlinSol_FixedPoint(y.v, 0, context())), "CVodeSetNonlinearSolver");
  }
  void begin() {
    N_VScale(1.0, start.v, y.v);
    check(CVodeReInit(memory, 0.0, y.v), "CVodeReInit");
  }
};

peers::Call lorenz_forward(double tolerance) {
  return [s = std::make_shared<Solver>(&lorenz, std::initializer_list<double>{1, 1, 1}, tolerance)]() -> peers::Result {
    double t = 0;
    s->begin();
    check(CVodeSetStopTime(s->memory, 5.0), "CVodeSetStopTime");
    check(CVode(s->memory, 5.0, s->y.v, &t, CV_NORMAL), "CVode");
    return {s->y.data[0], {s->y.data[1], s->y.data[2]}};
  };
}

struct Adjoint : Solver {
  Vector a{2}, q{4};
  int which = -1;

  explicit Adjoint(double tolerance) : Solver(&lotka_volterra, {1, 1}, tolerance), tolerance_(tolerance) {
    check(CVodeAdjInit(memory, steps_between_checkpoints, CV_POLYNOMIAL), "CVodeAdjInit");
  }
  peers::Result operator()() {
    int checkpoints = 0;
    double t = 0;
    begin();
    check(CVodeAdjReInit(memory), "CVodeAdjReInit");
    check(CVodeF(memory, 10.0, y.v, &t, CV_NORMAL, &checkpoints), "CVodeF");
    const double value = y.data[0] + y.data[1];
    a.set({1, 1});
    q.set({0, 0, 0, 0});
    if (which < 0) {
      check(CVodeCreateB(memory, CV_ADAMS, &which), "CVodeCreateB");
      check(CVodeInitB(memory, which, &adjoint, 10.0, a.v), "CVodeInitB");
      check(CVodeSStolerancesB(memory, which, tolerance_, tolerance_), "CVodeSStolerancesB");
      check(CVodeSetMaxNumStepsB(memory, which, steps_allowed), "CVodeSetMaxNumStepsB");
      check(CVodeSetNonlinearSolverB(memory, which, SUNNonlinSol_FixedPoint(a.v, 0, context())),
            "CVodeSetNonlinearSolverB");
      check(CVodeQuadInitB(memory, which, &parameters, q.v), "CVodeQuadInitB");
      check(CVodeSetQuadErrConB(memory, which, SUNTRUE), "CVodeSetQuadErrConB");
      check(CVodeQuadSStolerancesB(memory, which, tolerance_, tolerance_), "CVodeQuadSStolerancesB");
    } else {
      check(CVodeReInitB(memory, which, 10.0, a.v), "CVodeReInitB");
      check(CVodeQuadReInitB(memory, which, q.v), "CVodeQuadReInitB");
    }
    check(CVodeB(memory, 0.0, CV_NORMAL), "CVodeB");
    check(CVodeGetQuadB(memory, which, &t, q.v), "CVodeGetQuadB");
    // q' = −(∂f/∂θ)ᵀa from t = 10, where q = 0, down to 0
    return {value, {q.data[0], q.data[1], q.data[2], q.data[3]}};
  }

 private:
  double tolerance_;
};

struct Forward : Solver {
  std::vector<N_Vector> s;

  explicit Forward(double tolerance) : Solver(&lotka_volterra, {1, 1}, tolerance) {
    for (int i = 0; i < 4; ++i) s.push_back(Vector(2).v);
    at_rest();
    check(CVodeSensInit(memory, 4, CV_SIMULTANEOUS, &sensitivities, s.data()), "CVodeSensInit");
    std::vector<double> absolute(4, tolerance);
    check(CVodeSensSStolerances(memory, tolerance, absolute.data()), "CVodeSensSStolerances");
    check(CVodeSetSensErrCon(memory, SUNTRUE), "CVodeSetSensErrCon");
    check(CVodeSetNonlinearSolverSensSim(memory, SUNNonlinSol_FixedPointSens(5, y.v, 0, context())),
          "CVodeSetNonlinearSolverSensSim");
  }
  peers::Result operator()() {
    double t = 0;
    begin();
    at_rest();
    check(CVodeSensReInit(memory, CV_SIMULTANEOUS, s.data()), "CVodeSensReInit");
    check(CVodeSetStopTime(memory, 10.0), "CVodeSetStopTime");
    check(CVode(memory, 10.0, y.v, &t, CV_NORMAL), "CVode");
    check(CVodeGetSens(memory, &t, s.data()), "CVodeGetSens");
    peers::Result result{y.data[0] + y.data[1], {}};
    for (N_Vector s_i : s) result.gradient.push_back(of(s_i)[0] + of(s_i)[1]);
    return result;
  }

 private:
  void at_rest() {
    for (N_Vector s_i : s) N_VConst(0.0, s_i);
  }
};

template <class Method>
peers::Call gradient(double tolerance) {
  return [method = std::make_shared<Method>(tolerance)] { return (*method)(); };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"lotka_volterra", {{"adjoint", &gradient<Adjoint>}, {"forward", &gradient<Forward>}}},
                       {"lorenz_to_a_tolerance", {{"adams", &lorenz_forward}}}},
                      "SUNDIALS " SUNDIALS_VERSION);
}
