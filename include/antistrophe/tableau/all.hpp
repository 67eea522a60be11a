// All tableaux.
#pragma once

#include "antistrophe/tableau/bosh3.hpp"
#include "antistrophe/tableau/dop853.hpp"
#include "antistrophe/tableau/dopri5.hpp"
#include "antistrophe/tableau/ees25.hpp"
#include "antistrophe/tableau/ees27.hpp"
#include "antistrophe/tableau/euler.hpp"
#include "antistrophe/tableau/heun.hpp"
#include "antistrophe/tableau/midpoint.hpp"
#include "antistrophe/tableau/ralston.hpp"
#include "antistrophe/tableau/ralston3.hpp"
#include "antistrophe/tableau/rk38.hpp"
#include "antistrophe/tableau/rk4.hpp"
#include "antistrophe/tableau/tsit5.hpp"
