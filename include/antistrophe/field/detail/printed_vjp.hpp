// SPDX-License-Identifier: MIT
// The vjp along a recording as C: a function of straight lines,
//   int antistrophe_vjp(const double* x, const double* w, double* bar, double* s)
// which adds (∂f/∂x)ᵀ w to bar and returns 1, or adds nothing and returns 0 where a comparison comes out otherwise than when
// f was recorded. Only those values are computed that a slope or a comparison needs, where it does so first. Long code is cut into functions of
// some hundred lines, which compilers translate in proportion to their number; s has what goes from one to another.
#pragma once

#include <antistrophe/field/detail/recording.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

struct PrintedVjp {
  std::string source;
  std::size_t scratch = 0;  // numbers in s
};

class VjpPrinter {
 public:
  explicit VjpPrinter(const Recording& recording)
      : recording_(recording), terms_(recording.values()), printed_(recording.values(), false) {}

  PrintedVjp print() {
    for (const Node& node : recording_.nodes)
      if (is_comparison(node.operation)) put({-1, "if (!(" + condition(node) + ")) return 0"});
    print_backward();
    return assemble();
  }

 private:
  // A line of code that makes the variable numbered `makes`, or none; in the text a variable is \1<number>\2.
  struct Line {
    std::int64_t makes;
    std::string text;
  };
  struct Term {
    std::string text;
    bool negative = false;
    bool is_name = false;  // no expression
  };
  using Node = Recording::Node;

  static constexpr std::size_t lines_of_a_function = 400;
  static constexpr std::size_t terms_of_a_line = 8;

  // By append: GCC 12 warns of what operator+ does to a temporary.
  static std::string numbered(const char* before, std::size_t number, const char* after) {
    return std::string(before).append(std::to_string(number)).append(after);
  }
  static std::string variable(std::size_t number) { return numbered("\1", number, "\2"); }
  static std::string literal(double c) {
    if (!(c - c == 0)) return c != c ? "NAN" : c > 0 ? "INFINITY" : "(-INFINITY)";
    char text[40];
    std::snprintf(text, sizeof text, c < 0 || (c == 0 && std::signbit(c)) ? "(%a)" : "%a", c);
    return text;
  }

  // A value, which is printed before the line where it is used first.
  std::string value(std::int32_t place) const {
    const auto i = static_cast<std::size_t>(place);
    if (i < recording_.inputs) return numbered("x[", i, "]");
    const Node& node = recording_.nodes[i - recording_.inputs];
    if (node.operation == Operation::constant) return constant(node);
    return variable(i);
  }
  std::string constant(const Node& node) const {
    return literal(recording_.constants[static_cast<std::size_t>(node.b)]);
  }

  // --- Backward ------------------------------------------------------------------------------------------------------

  Term named(const std::string& text) {
    const std::size_t number = recording_.values() + adjoints_++;
    put({static_cast<std::int64_t>(number), text});
    return {variable(number), false, true};
  }

  // Terms in pairs, and pairs of pairs, so that they need not wait for one another.
  static std::string sum(std::vector<Term> terms) {
    while (terms.size() > 1) {
      std::vector<Term> sums;
      for (std::size_t i = 0; i + 1 < terms.size(); i += 2) {
        const Term &a = terms[i], &b = terms[i + 1];
        if (a.negative && !b.negative)
          sums.push_back({"(" + b.text + " - " + a.text + ")"});
        else
          sums.push_back({"(" + a.text + (a.negative == b.negative ? " + " : " - ") + b.text + ")", a.negative});
      }
      if (terms.size() % 2 != 0) sums.push_back(terms.back());
      terms = std::move(sums);
    }
    return std::string(terms[0].negative ? "-" : "").append(terms[0].text);
  }

  // The cotangent of a value, all of whose terms are known.
  Term cotangent(std::size_t i) {
    std::vector<Term> terms = std::exchange(terms_[i], {});
    if (terms.size() == 1 && terms[0].is_name) return terms[0];
    return named(sum(std::move(terms)));
  }

  void add(std::int32_t place, Term term) {
    const auto i = static_cast<std::size_t>(place);
    if (i >= recording_.inputs && recording_.nodes[i - recording_.inputs].operation == Operation::constant) return;
    std::vector<Term>& terms = terms_[i];
    terms.push_back(std::move(term));
    if (terms.size() == terms_of_a_line) {
      Term old = std::move(terms.front());
      terms.erase(terms.begin());
      Term recent{"(" + sum(std::exchange(terms, {})) + ")"};
      terms_[i] = {named(sum({std::move(old), std::move(recent)}))};
    }
  }
  // g times a factor.
  void add_product(std::int32_t place, const Term& g, const std::string& factor, bool negative = false) {
    add(place, {g.text + " * " + factor, g.negative != negative});
  }
  void add_quotient(std::int32_t place, const Term& g, const std::string& divisor, bool negative = false) {
    add(place, {g.text + " / " + divisor, g.negative != negative});
  }
  // The same where the slope may be infinite, which does no harm where nothing depends on it.
  void add_guarded(std::int32_t place, const Term& g, const std::string& slope, bool negative = false) {
    add(place, {"(" + g.text + " == 0 ? 0 : " + g.text + " * (" + slope + "))", g.negative != negative});
  }

  void print_backward() {
    const std::size_t inputs = recording_.inputs;
    for (std::size_t i = 0; i < recording_.outputs.size(); ++i)
      if (recording_.outputs[i].value >= 0) add(recording_.outputs[i].value, {numbered("w[", i, "]"), false, true});
    // An input's cotangent is complete once the first that reads it is passed.
    std::vector<std::vector<std::size_t>> complete(recording_.nodes.size());
    std::vector<bool> read_before(inputs, false);
    const auto note = [&](std::int32_t place, std::size_t node) {
      const auto input = static_cast<std::size_t>(place);
      if (input >= inputs || read_before[input]) return;
      read_before[input] = true;
      complete[node].push_back(input);
    };
    for (std::size_t i = 0; i < recording_.nodes.size(); ++i) {
      const Node& node = recording_.nodes[i];
      if (node.operation == Operation::constant) continue;
      note(node.a, i);
      if (has_two_values(node.operation)) note(node.b, i);
    }
    for (std::size_t i = recording_.nodes.size(); i-- > 0;) {
      if (!terms_[inputs + i].empty()) print_slopes(recording_.nodes[i], inputs + i, cotangent(inputs + i));
      for (const std::size_t input : complete[i]) print_bar(input);
    }
    for (std::size_t i = 0; i < inputs; ++i) print_bar(i);  // inputs that are outputs
  }
  void print_bar(std::size_t input) {
    if (!terms_[input].empty()) put({-1, numbered("bar[", input, "] += ") + sum(std::exchange(terms_[input], {}))});
  }

  void print_slopes(const Node& node, std::size_t number, const Term& g) {
    const std::int32_t a = node.a, b = node.b;
    const auto x = [&] { return value(a); };
    const auto y = [&] { return value(b); };
    const auto f = [&] { return value(static_cast<std::int32_t>(number)); };
    switch (node.operation) {
      case Operation::add:
        add(a, g);
        add(b, g);
        break;
      case Operation::subtract:
        add(a, g);
        add(b, {g.text, !g.negative, g.is_name});
        break;
      case Operation::multiply:
        add_product(a, g, y());
        add_product(b, g, x());
        break;
      case Operation::divide:
        add_quotient(a, g, y());
        add(b, {g.text + " * " + f() + " / " + y(), !g.negative});
        break;
      case Operation::shift:
        add(a, g);
        break;
      case Operation::reflect:
      case Operation::negate:
        add(a, {g.text, !g.negative, g.is_name});
        break;
      case Operation::scale:
        add_product(a, g, constant(node));
        break;
      case Operation::invert:
        add(a, {g.text + " * " + f() + " / " + x(), !g.negative});
        break;
      case Operation::raise: {
        const double c = recording_.constants[static_cast<std::size_t>(b)];
        if (c != 0) add_guarded(a, g, literal(c) + " * pow(" + x() + ", " + literal(c - 1) + ")");
        break;
      }
      case Operation::power:
        add_guarded(a, g, y() + " == 0 ? 0 : " + y() + " * pow(" + x() + ", " + y() + " - 1)");
        add_guarded(b, g, f() + " == 0 ? 0 : " + f() + " * log(" + x() + ")");
        break;
      case Operation::arctangent2: {
        const std::string square = "(" + x() + " * " + x() + " + " + y() + " * " + y() + ")";
        add_guarded(a, g, y() + " / " + square);
        add_guarded(b, g, x() + " / " + square, true);
        break;
      }
      case Operation::hypotenuse:
        add_guarded(a, g, x() + " / " + f());
        add_guarded(b, g, y() + " / " + f());
        break;
      case Operation::minimum:
        add(a, {"(" + y() + " < " + x() + " ? 0 : " + g.text + ")", g.negative});
        add(b, {"(" + y() + " < " + x() + " ? " + g.text + " : 0)", g.negative});
        break;
      case Operation::maximum:
        add(a, {"(" + x() + " < " + y() + " ? 0 : " + g.text + ")", g.negative});
        add(b, {"(" + x() + " < " + y() + " ? " + g.text + " : 0)", g.negative});
        break;
      case Operation::square_root:
        add_guarded(a, g, "0.5 / " + f());
        break;
      case Operation::exponential:
        add_product(a, g, f());
        break;
      case Operation::logarithm:
        add_guarded(a, g, "1 / " + x());
        break;
      case Operation::sine:
        add_product(a, g, "cos(" + x() + ")");
        break;
      case Operation::cosine:
        add_product(a, g, "sin(" + x() + ")", true);
        break;
      case Operation::tangent:
        add_product(a, g, "(1 + " + f() + " * " + f() + ")");
        break;
      case Operation::arcsine:
        add_guarded(a, g, "1 / sqrt(1 - " + x() + " * " + x() + ")");
        break;
      case Operation::arccosine:
        add_guarded(a, g, "1 / sqrt(1 - " + x() + " * " + x() + ")", true);
        break;
      case Operation::arctangent:
        add_quotient(a, g, "(1 + " + x() + " * " + x() + ")");
        break;
      case Operation::hyperbolic_sine:
        add_product(a, g, "cosh(" + x() + ")");
        break;
      case Operation::hyperbolic_cosine:
        add_product(a, g, "sinh(" + x() + ")");
        break;
      case Operation::hyperbolic_tangent:
        add_product(a, g, "(1 - " + f() + " * " + f() + ")");
        break;
      case Operation::absolute:
        add(a, {"(" + x() + " < 0 ? -" + g.text + " : " + g.text + ")", g.negative});
        break;
      case Operation::exponential_minus_1:
        add_product(a, g, "(" + f() + " + 1)");
        break;
      case Operation::logarithm_of_1_plus:
        add_guarded(a, g, "1 / (1 + " + x() + ")");
        break;
      case Operation::cube_root:
        add_guarded(a, g, "1 / (3 * " + f() + " * " + f() + ")");
        break;
      case Operation::constant:
      case Operation::is_less:
      case Operation::is_not_less:
      case Operation::is_less_or_equal:
      case Operation::is_not_less_or_equal:
      case Operation::is_equal:
      case Operation::is_not_equal:
        break;
    }
  }

  // --- Values ----------------------------------------------------------------------------------------------------------

  // The line, and before it those that make the values that it reads.
  void put(Line line) {
    print_values_of(line.text);
    lines_.push_back(std::move(line));
  }
  void print_values_of(const std::string& text) {
    std::vector<std::pair<std::size_t, std::string>> waiting;
    const auto wait_for = [&](const std::string& reader) {
      const std::size_t before = waiting.size();
      read(
          reader,
          [&](std::size_t number) {
            if (number < recording_.values() && !printed_[number])
              waiting.emplace_back(number, expression(recording_.nodes[number - recording_.inputs]));
          },
          [](std::size_t, std::size_t) {});
      return waiting.size() > before;
    };
    wait_for(text);
    while (!waiting.empty()) {
      const auto [number, made_by] = waiting.back();
      if (!printed_[number] && wait_for(made_by)) continue;
      if (!printed_[number]) lines_.push_back({static_cast<std::int64_t>(number), made_by});
      printed_[number] = true;
      waiting.pop_back();
    }
  }

  std::string condition(const Node& node) const {
    const std::string x = value(node.a), y = value(node.b);
    switch (node.operation) {
      case Operation::is_less:
        return x + " < " + y;
      case Operation::is_not_less:
        return "!(" + x + " < " + y + ")";
      case Operation::is_less_or_equal:
        return x + " <= " + y;
      case Operation::is_not_less_or_equal:
        return "!(" + x + " <= " + y + ")";
      case Operation::is_equal:
        return x + " == " + y;
      default:
        return "!(" + x + " == " + y + ")";
    }
  }

  std::string expression(const Node& node) const {
    const auto x = [&] { return value(node.a); };
    const auto y = [&] { return value(node.b); };
    const auto of_x = [&](const char* function) { return std::string(function).append("(").append(x()).append(")"); };
    const auto of_both = [&](const char* function) {
      return std::string(function).append("(").append(x()).append(", ").append(y()).append(")");
    };
    switch (node.operation) {
      case Operation::add:
        return x() + " + " + y();
      case Operation::subtract:
        return x() + " - " + y();
      case Operation::multiply:
        return x() + " * " + y();
      case Operation::divide:
        return x() + " / " + y();
      case Operation::shift:
        return x() + " + " + constant(node);
      case Operation::reflect:
        return constant(node) + " - " + x();
      case Operation::scale:
        return x() + " * " + constant(node);
      case Operation::invert:
        return constant(node) + " / " + x();
      case Operation::raise:
        return "pow(" + x() + ", " + constant(node) + ")";
      case Operation::negate:
        return "-" + x();
      case Operation::power:
        return of_both("pow");
      case Operation::arctangent2:
        return of_both("atan2");
      case Operation::hypotenuse:
        return of_both("hypot");
      case Operation::minimum:
        return y() + " < " + x() + " ? " + y() + " : " + x();
      case Operation::maximum:
        return x() + " < " + y() + " ? " + y() + " : " + x();
      case Operation::square_root:
        return of_x("sqrt");
      case Operation::exponential:
        return of_x("exp");
      case Operation::logarithm:
        return of_x("log");
      case Operation::sine:
        return of_x("sin");
      case Operation::cosine:
        return of_x("cos");
      case Operation::tangent:
        return of_x("tan");
      case Operation::arcsine:
        return of_x("asin");
      case Operation::arccosine:
        return of_x("acos");
      case Operation::arctangent:
        return of_x("atan");
      case Operation::hyperbolic_sine:
        return of_x("sinh");
      case Operation::hyperbolic_cosine:
        return of_x("cosh");
      case Operation::hyperbolic_tangent:
        return of_x("tanh");
      case Operation::absolute:
        return of_x("fabs");
      case Operation::exponential_minus_1:
        return of_x("expm1");
      case Operation::logarithm_of_1_plus:
        return of_x("log1p");
      case Operation::cube_root:
        return of_x("cbrt");
      case Operation::constant:
      case Operation::is_less:
      case Operation::is_not_less:
      case Operation::is_less_or_equal:
      case Operation::is_not_less_or_equal:
      case Operation::is_equal:
      case Operation::is_not_equal:
        break;
    }
    return {};
  }

  // --- Functions -----------------------------------------------------------------------------------------------------

  // Calls used(number) for each variable in the text, and copies what lies between by plain(begin, end).
  template <class Used, class Plain>
  static void read(const std::string& text, const Used& used, const Plain& plain) {
    std::size_t from = 0;
    for (std::size_t at = text.find('\1'); at != std::string::npos; at = text.find('\1', from)) {
      plain(from, at);
      from = text.find('\2', at) + 1;
      used(static_cast<std::size_t>(std::stoull(text.substr(at + 1, from - at - 2))));
    }
    plain(from, text.size());
  }

  PrintedVjp assemble() const {
    const std::size_t variables = recording_.values() + adjoints_;
    const auto function_of = [](std::size_t line) { return line / lines_of_a_function; };
    std::vector<std::size_t> made_in(variables, 0), slot(variables, 0);  // slot 0: none
    PrintedVjp printed;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].makes >= 0) made_in[static_cast<std::size_t>(lines_[i].makes)] = function_of(i);
      read(
          lines_[i].text,
          [&](std::size_t number) {
            if (made_in[number] != function_of(i) && slot[number] == 0) slot[number] = ++printed.scratch;
          },
          [](std::size_t, std::size_t) {});
    }
    const auto place = [&](std::size_t number) { return numbered("s[", slot[number] - 1, "]"); };
    const std::string arguments =
        "(const double* __restrict x, const double* __restrict w, double* __restrict bar, double* __restrict s)";
    std::string& source = printed.source;
    source = "#include <math.h>\n";
    const std::size_t functions = (lines_.size() + lines_of_a_function - 1) / lines_of_a_function;
    for (std::size_t k = 0; k < functions; ++k) {
      source.append("static __attribute__((noinline)) int part_")
          .append(std::to_string(k))
          .append(arguments)
          .append(" {\n");
      const std::size_t end = std::min(lines_.size(), (k + 1) * lines_of_a_function);
      for (std::size_t i = k * lines_of_a_function; i < end; ++i) {
        const Line& line = lines_[i];
        const auto number = static_cast<std::size_t>(line.makes);
        if (line.makes >= 0) source.append("const double v").append(std::to_string(number)).append(" = ");
        read(
            line.text,
            [&](std::size_t used) { source.append(made_in[used] == k ? numbered("v", used, "") : place(used)); },
            [&](std::size_t from, std::size_t to) { source.append(line.text, from, to - from); });
        source.append(";\n");
        if (line.makes >= 0 && slot[number] != 0)
          source.append(place(number)).append(" = v").append(std::to_string(number)).append(";\n");
      }
      source.append("return 1;\n}\n");
    }
    source.append("int antistrophe_vjp").append(arguments).append(" {\nreturn 1");
    for (std::size_t k = 0; k < functions; ++k)
      source.append("\n&& part_").append(std::to_string(k)).append("(x, w, bar, s)");
    source.append(";\n}\n");
    return printed;
  }

  const Recording& recording_;
  std::vector<std::vector<Term>> terms_;  // of each value's cotangent
  std::vector<bool> printed_;
  std::vector<Line> lines_;
  std::size_t adjoints_ = 0;
};

}  // namespace antistrophe::detail
