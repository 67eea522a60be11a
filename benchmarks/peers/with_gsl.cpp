// The GNU Scientific Library: Lorenz forward. It has no gradients. Its rk4 takes each step once whole and twice half, for an error estimate.
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_version.h>

#include <memory>
#include <stdexcept>

#include "peers/worker.hpp"

namespace {

int lorenz(double, const double* y, double* dy, void*) {
  dy[0] = 10 * (y[1] - y[0]);
  dy[1] = y[0] * (28 - y[2]) - y[1];
  dy[2] = y[0] * y[1] - 8.0 / 3 * y[2];
  return GSL_SUCCESS;
}

struct Driver {
  gsl_odeiv2_system system{&lorenz, nullptr, 3, nullptr};
  std::unique_ptr<gsl_odeiv2_driver, decltype(&gsl_odeiv2_driver_free)> driver;

  Driver(const gsl_odeiv2_step_type* type, double tolerance)
      : driver{gsl_odeiv2_driver_alloc_y_new(&system, type, 1e-3, tolerance, tolerance), &gsl_odeiv2_driver_free} {
    gsl_set_error_handler_off();
  }
  Driver(const Driver&) = delete;  // the driver points to the system
  Driver& operator=(const Driver&) = delete;

  peers::Result solve(int equal_steps) {
    double t = 0, y[3] = {1, 1, 1};
    gsl_odeiv2_driver_reset_hstart(driver.get(), 1e-3);
    const int status = equal_steps ? gsl_odeiv2_driver_apply_fixed_step(driver.get(), &t, 5.0 / equal_steps,
                                                                        static_cast<unsigned long>(equal_steps), y)
                                   : gsl_odeiv2_driver_apply(driver.get(), &t, 5.0, y);
    if (status != GSL_SUCCESS) throw std::runtime_error(gsl_strerror(status));
    return {y[0], {y[1], y[2]}};
  }
};

peers::Call equal_steps(double) {
  // Steps are not chosen: the tolerance only must not be missed, for then GSL fails.
  return [driver = std::make_shared<Driver>(gsl_odeiv2_step_rk4, 1.0)] { return driver->solve(2000); };
}
peers::Entry chosen_steps(const gsl_odeiv2_step_type* type) {
  return [=](double tolerance) -> peers::Call {
    return [driver = std::make_shared<Driver>(type, tolerance)] { return driver->solve(0); };
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(
      count, arguments,
      {{"lorenz_equal_steps", {{"rk4", &equal_steps}}},
       {"lorenz_to_a_tolerance",
        {{"rk8pd", chosen_steps(gsl_odeiv2_step_rk8pd)}, {"rkf45", chosen_steps(gsl_odeiv2_step_rkf45)}}}},
      "GSL " GSL_VERSION);
}
