// SPDX-License-Identifier: MIT
// All tableaux.
#pragma once

#include "antistrophe/method/runge_kutta/tableau/bosh3.hpp"
#include "antistrophe/method/runge_kutta/tableau/dop853.hpp"
#include "antistrophe/method/runge_kutta/tableau/dopri5.hpp"
#include "antistrophe/method/runge_kutta/tableau/ees25.hpp"
#include "antistrophe/method/runge_kutta/tableau/ees27.hpp"
#include "antistrophe/method/runge_kutta/tableau/euler.hpp"
#include "antistrophe/method/runge_kutta/tableau/heun.hpp"
#include "antistrophe/method/runge_kutta/tableau/midpoint.hpp"
#include "antistrophe/method/runge_kutta/tableau/ralston.hpp"
#include "antistrophe/method/runge_kutta/tableau/ralston3.hpp"
#include "antistrophe/method/runge_kutta/tableau/rk38.hpp"
#include "antistrophe/method/runge_kutta/tableau/rk4.hpp"
#include "antistrophe/method/runge_kutta/tableau/tsit5.hpp"
