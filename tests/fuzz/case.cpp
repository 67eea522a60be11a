#include "fuzz/case.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace antistrophe::fuzz {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Bytes one by one, and zeros after them.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  int byte() { return next_ < bytes_.size() ? bytes_[next_++] : 0; }
  int below(int n) { return byte() % n; }
  bool flag() { return byte() % 2 == 1; }
  // Never once the bytes are used up.
  bool once_in(int n) { return byte() % n == n - 1; }
  template <std::size_t N>
  double of(const std::array<double, N>& list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }
  // In [−1, 1], with and without many digits.
  double fraction() {
    const int coarse = byte() - 128;
    return once_in(2) ? (coarse + byte() / 256.0) / 129.0 : coarse / 128.0;
  }
  double number() {
    switch (below(16)) {
      case 13:
        return 16 * fraction();
      case 14:
        return std::ldexp(fraction(), below(121) - 60);
      case 15:
        return of(wild);
      default:
        return 2 * fraction();
    }
  }

 private:
  static constexpr std::array<double, 17> wild{0,     -0.0, 1,    -1,    1e-9, 1e9, 1e-300,   -1e300,      5e-324,
                                               1e-30, 1e30, 1e15, 1e-15, 0.1,  -3,  infinity, not_a_number};
  std::span<const std::uint8_t> bytes_;
  std::size_t next_ = 0;
};

constexpr std::array<double, 16> spans{1, 0.5, 2, 3, 10, 0.1, 1, 0.25, 7, 30, 0, 1e-11, 1e-3, 1e11, 1e3, 1e-300};
constexpr std::array<double, 8> starts{0, 0, 0.25, -1, 1, 1e3, -1e11, 1e-12};

double inside(Reader& bytes, const Case& c) {
  double t = c.t0 + (c.t1 - c.t0) * (bytes.byte() / 255.0);
  if (bytes.once_in(16)) t = std::nextafter(t, bytes.flag() ? c.t1 : c.t0);
  if (bytes.once_in(64)) t = bytes.number();
  return t;
}
std::vector<double> several_inside(Reader& bytes, const Case& c, int most) {
  std::vector<double> times(static_cast<std::size_t>(bytes.below(most + 1)));
  for (double& t : times) t = inside(bytes, c);
  if (!bytes.once_in(64)) std::sort(times.begin(), times.end());
  if (c.t1 < c.t0) std::reverse(times.begin(), times.end());
  return times;
}

EquationSpec equations(Reader& bytes, const Case& c) {
  EquationSpec e;
  const int kinds = bytes.below(64);
  e.linear = kinds % 2 == 0;
  e.predators = kinds / 2 % 4 == 3;
  e.products = kinds / 8 % 4 == 3;
  e.sines = kinds / 4 % 3 == 2;
  e.driven = kinds / 16 % 2 == 1;
  e.jumps = kinds / 32 % 2 == 1 && bytes.flag();
  e.a.resize(c.y0.size() * c.y0.size());
  for (double& a : e.a) a = bytes.fraction();
  if (bytes.once_in(4)) {  // oscillators
    const std::size_t n = c.y0.size();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) e.a[i * n + j] = -e.a[j * n + i];
  }
  e.omega = bytes.once_in(4) ? 8 * bytes.fraction() : 1;
  e.jump = inside(bytes, c);
  return e;
}

StepSpec steps(Reader& bytes, const Case& c) {
  StepSpec s;
  const double span = c.t1 - c.t0;
  switch (bytes.below(8)) {
    case 0:
    case 1:
      s.n = 1 + bytes.below(48);
      if (bytes.once_in(32)) s.n = -bytes.below(2);
      break;
    case 2:
      s.kind = StepSpec::Kind::of_h;
      s.h = span / (1 + 40 * std::fabs(bytes.fraction()));
      if (bytes.once_in(32)) s.h = bytes.number();
      if (s.h != 0 && !(std::fabs(span / s.h) < 1000)) s.h = span / 7;  // not for hours
      break;
    case 3:
      s.kind = StepSpec::Kind::to_times;
      s.times = several_inside(bytes, c, 12);
      s.times.erase(std::unique(s.times.begin(), s.times.end()), s.times.end());
      s.each = 1 + bytes.below(4);
      if (bytes.once_in(64)) s.each = 0;
      break;
    default:
      s.kind = StepSpec::Kind::adaptive;
      s.rtol = std::pow(10, -1 - bytes.below(11));
      s.atol = std::pow(10, -1 - bytes.below(11));
      switch (bytes.below(16)) {
        case 11:
          s.rtol = 0;
          break;
        case 12:
          s.atol = 0;
          break;
        case 13:
          s.atol = std::fabs(bytes.number());
          break;
        case 14:
          s.dtmin = std::fabs(span * bytes.fraction()) / 16;
          break;
        case 15:
          s.dtmax = std::fabs(span * bytes.fraction());
          break;
        default:
          break;
      }
      if (bytes.once_in(4)) s.first_step = span * bytes.fraction() * (bytes.once_in(16) ? 1e12 : 1);
      if (s.first_step * span < 0 && !bytes.once_in(16)) s.first_step = -s.first_step;
      if (bytes.once_in(4)) s.p = 0.4, s.i = 0.3;
      if (bytes.once_in(16)) s.p = 0.25, s.i = 0.25, s.d = 0.1;
      s.guard = !bytes.once_in(4);
      s.max_steps = 200;
      if (bytes.once_in(16)) s.max_steps = bytes.below(20);
      if (bytes.once_in(4)) s.times = several_inside(bytes, c, 4);
  }
  if (c.equations.jumps && !bytes.once_in(4)) s.jumps.push_back(c.equations.jump);
  if (bytes.once_in(16)) s.jumps.push_back(inside(bytes, c));
  return s;
}

SaveSpec saves(Reader& bytes, const Case& c) {
  SaveSpec s;
  const int what = bytes.below(32);
  s.t0 = what % 2 == 1, s.t1 = what / 2 % 2 == 1, s.steps = what / 4 % 2 == 1;
  s.dense = what / 16 == 1;
  if (what / 8 % 2 == 1) s.times = several_inside(bytes, c, 8);
  if (!s.times.empty() && bytes.once_in(4)) s.times.insert(s.times.begin(), s.times.front());
  if (!s.times.empty() && bytes.once_in(4)) s.times.push_back(c.t1);
  if (bytes.once_in(8)) s.every = bytes.once_in(16) ? -1 : 1 + bytes.below(5);
  return s;
}

EventSpec event(Reader& bytes, const Case& c) {
  EventSpec e;
  const int what = bytes.below(4);
  if (what != 1) e.a = bytes.fraction();
  if (what == 2) e.b = bytes.fraction();
  if (what != 0) e.c = bytes.flag() ? 1 : bytes.number();
  e.at = inside(bytes, c);
  if (what == 0 && bytes.flag()) e.c = 0.25;
  e.crossing = bytes.below(3);
  e.terminal = bytes.flag();
  e.scale = bytes.once_in(4) ? bytes.number() : bytes.fraction();
  e.shift = bytes.once_in(2) ? bytes.fraction() : 0;
  return e;
}

// What makes gradients be taken again: kinks, states near a rest that they leave, sensitivities that grow, in steps of loose tolerances.
void put_in_doubt(Reader& bytes, Case& c) {
  EquationSpec& e = c.equations;
  StepSpec& s = c.steps;
  c.method = std::array<std::size_t, 8>{0, 0, 2, 0, 4, 3, 6, 7}[c.method % 8];  // those that choose their steps
  if (bytes.flag()) {                                                           // as lanes take it
    c.method = 0;
    c.y0.resize(2, 0.5);
    e.a.resize(4, 0.25);
    e.sines = e.driven = e.jumps = false;
    c.ends.clear(), c.jumps.clear(), c.saves.dense = false;
    c.throw_at_call = c.throw_at_vjp = -1;
  }
  c.t0 = 0;
  c.t1 = (bytes.flag() ? -1 : 1) * bytes.of(std::array<double, 4>{1, 5, 20, 2});
  const auto is_inside = [&](double t) { return std::fmin(c.t0, c.t1) <= t && t <= std::fmax(c.t0, c.t1); };
  for (std::vector<double>* times : {&c.saves.times, &s.times, &s.jumps})
    times->erase(std::remove_if(times->begin(), times->end(), [&](double t) { return !is_inside(t); }), times->end());
  for (double& theta : c.theta)
    if (!(std::fabs(theta) < 4)) theta = 1;
  if (!(std::fabs(c.theta[0]) > 0.25)) c.theta[0] = 1;
  for (double& y : c.y0)
    if (!(std::fabs(y) < 4)) y = 1;
  c.saves.steps = false, c.saves.every = 0;  // at other steps it is another loss
  e.not_a_number_after = infinity;

  s.kind = StepSpec::Kind::adaptive;
  s.rtol = std::pow(10, -2 - bytes.below(6));
  // Of a thousand of these the error is always borne.
  s.atol = bytes.once_in(4) ? s.rtol : s.rtol * std::pow(10, -4 - bytes.below(5));
  s.dtmin = 0, s.dtmax = infinity, s.first_step = 0, s.guard = true, s.max_steps = 1000;
  s.gradient_rtol = bytes.once_in(4) ? 0 : s.rtol * std::pow(10, bytes.below(4) - 2);
  switch (bytes.below(5)) {
    case 0:
      e.kinks = true;
      break;
    case 1: {  // out of the rest at 0 into one of the wells
      e.wells = true;
      const double small = std::pow(10, -bytes.below(9));
      for (double& y : c.y0) y *= small;
      break;
    }
    case 2:  // beside the rest, which solutions part from
      e.linear = true;
      for (double& a : e.a) a *= 3;
      break;
    case 3:  // two competitors, one of whom wins: which one, is decided beside a saddle
      e.predators = true, e.linear = e.products = false;
      for (std::size_t i = 0; i < c.y0.size(); ++i)
        for (std::size_t j = 0; j < c.y0.size(); ++j) e.a[i * c.y0.size() + j] = i == j ? -0.5 : -1;
      for (double& y : c.y0) y = 0.05 + std::fabs(y);
      break;
    default:
      e.wells = e.kinks = true;
  }
}

std::ostream& operator<<(std::ostream& out, const std::vector<double>& list) {
  out << '{';
  for (std::size_t i = 0; i < list.size(); ++i) out << (i > 0 ? ", " : "") << list[i];
  return out << '}';
}
std::ostream& operator<<(std::ostream& out, const EventSpec& e) {
  return out << "g = " << e.a << " y_first + " << e.b << " y_last + " << e.c << " (t - " << e.at << "), crossing "
             << e.crossing << (e.terminal ? ", terminal" : "") << ", y <- " << e.scale << " y + " << e.shift;
}

}  // namespace

Case decode(std::span<const std::uint8_t> given) {
  Reader bytes(given);
  Case c;
  c.method = static_cast<std::size_t>(bytes.byte());
  // A gradient in doubt, of one case in four: by the byte that all cases have, so that those that once failed stay what they are.
  const bool is_in_doubt = c.method / 64 == 2;
  std::array<std::uint8_t, 10> doubt{};
  if (is_in_doubt)
    for (std::uint8_t& byte : doubt) byte = static_cast<std::uint8_t>(bytes.byte());
  c.t0 = bytes.once_in(16) ? bytes.number() : bytes.of(starts);
  c.t1 = c.t0 + (bytes.flag() ? -1 : 1) * bytes.of(spans);
  if (bytes.once_in(64)) c.t1 = bytes.number();
  c.y0.resize(static_cast<std::size_t>(bytes.below(5)));
  if (c.y0.empty() && !bytes.once_in(8)) c.y0.resize(2);
  for (double& y : c.y0) y = bytes.number();
  c.theta.resize(4);
  for (double& theta : c.theta) theta = 2 * bytes.fraction();
  if (bytes.once_in(16)) c.theta[0] = bytes.number();
  c.equations = equations(bytes, c);
  c.steps = steps(bytes, c);
  c.saves = saves(bytes, c);
  const int events = bytes.below(16);
  for (int i = 0; i < events % 8 - 5; ++i) c.ends.push_back(event(bytes, c));
  for (int i = 0; i < events - 13; ++i) c.jumps.push_back(event(bytes, c));
  if (bytes.once_in(4))
    c.lambda = bytes.of(std::array<double, 10>{0.5, 0.25, 0.75, 0.9375, 0.125, 0.999, 1, 0.9, 0, 0.3});
  if (bytes.once_in(8)) c.resolution = std::ldexp(1, -bytes.below(60));
  c.slots = bytes.below(6);
  if (bytes.once_in(32)) c.throw_at_call = bytes.byte();
  if (bytes.once_in(32)) c.throw_at_vjp = bytes.byte();
  if (bytes.once_in(16)) c.equations.not_a_number_after = inside(bytes, c);
  // So little is borne that most gradients are in doubt.
  if (bytes.once_in(3)) c.steps.gradient_rtol = std::pow(10, -bytes.below(12));
  if (is_in_doubt) {
    Reader more(doubt);
    put_in_doubt(more, c);
  }
  return c;
}

Case mirror_image(Case c) {
  const auto negate = [](std::vector<double>& times) {
    for (double& t : times) t = -t;
  };
  c.t0 = -c.t0, c.t1 = -c.t1;
  c.equations.mirrored = !c.equations.mirrored;
  c.steps.h = -c.steps.h, c.steps.first_step = -c.steps.first_step;
  negate(c.steps.times), negate(c.steps.jumps), negate(c.saves.times);
  return c;
}

std::string describe(const Case& c) {
  std::ostringstream out;
  out.precision(17);
  const EquationSpec& e = c.equations;
  out << "method " << c.method << ", t0 = " << c.t0 << ", t1 = " << c.t1 << ", y0 = " << c.y0
      << ", theta = " << c.theta;
  out << "\nequations:" << (e.linear ? " linear" : "") << (e.predators ? " predators" : "")
      << (e.products ? " products" : "") << (e.sines ? " sines" : "") << (e.driven ? " driven" : "")
      << (e.jumps ? " jumps" : "") << (e.kinks ? " kinks" : "") << (e.wells ? " wells" : "")
      << (e.mirrored ? " mirrored" : "") << ", A = " << e.a << ", omega = " << e.omega << ", jump at " << e.jump;
  const StepSpec& s = c.steps;
  out << "\nsteps: ";
  switch (s.kind) {
    case StepSpec::Kind::equal:
      out << s.n << " equal";
      break;
    case StepSpec::Kind::of_h:
      out << "of h = " << s.h;
      break;
    case StepSpec::Kind::to_times:
      out << "to " << s.times << ", each " << s.each;
      break;
    case StepSpec::Kind::adaptive:
      out << "rtol = " << s.rtol << ", atol = " << s.atol << ", dtmin = " << s.dtmin << ", dtmax = " << s.dtmax
          << ", first_step = " << s.first_step << ", PID = " << s.p << ' ' << s.i << ' ' << s.d << ", guard " << s.guard
          << ", gradient_rtol " << s.gradient_rtol << ", max_steps = " << s.max_steps << ", step_to " << s.times;
  }
  out << ", jumps " << s.jumps;
  out << "\nsaves: " << c.saves.times << (c.saves.t0 ? " t0" : "") << (c.saves.t1 ? " t1" : "")
      << (c.saves.steps ? " steps" : "") << (c.saves.dense ? " dense" : "") << ", every " << c.saves.every;
  for (const EventSpec& event : c.ends) out << "\nevent: " << event;
  for (const EventSpec& event : c.jumps) out << "\njump: " << event;
  if (c.lambda) out << "\nlambda = " << *c.lambda;
  if (c.resolution) out << "\nresolution = " << *c.resolution;
  out << "\nslots " << c.slots << ", throws at call " << c.throw_at_call << ", at vjp " << c.throw_at_vjp
      << ", NaN after " << c.equations.not_a_number_after;
  return out.str();
}

}  // namespace antistrophe::fuzz
