// An equation of second order by a network, x'' = net(x, x').
#pragma once

namespace support {

// y = (x, x'), a sample a column: of what the network says of y, the second row.
template <class Network>
struct SecondOrder {
  static constexpr bool autonomous = true;
  Network network;
  template <class Y>
  struct Tape {
    typename Network::template Tape<Y> inside;
    mutable Y w;
  };
  const auto& parameters() const { return network.parameters(); }
  auto& parameters() { return network.parameters(); }
  template <class Y>
  Tape<Y> make_tape(const Y& y) const {
    return {network.make_tape(y), y};
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    network(t, y, dy, tape.inside);
    dy.row(0) = y.row(1);
  }
  template <class Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, auto& theta_bar) const {
    network.vjp(t, y, tape.inside, of_network(tape, w), y_bar, theta_bar);
    y_bar.row(1) += w.row(0);
  }
  template <class Y>
  void vjp_state(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar) const {
    network.vjp_state(t, y, tape.inside, of_network(tape, w), y_bar);
    y_bar.row(1) += w.row(0);
  }
  template <class Y>
  void vjp_parameters(double t, const Y& y, const Tape<Y>& tape, const Y& w, auto& theta_bar) const {
    network.vjp_parameters(t, y, tape.inside, of_network(tape, w), theta_bar);
  }

 private:
  template <class Y>
  static const Y& of_network(const Tape<Y>& tape, const Y& w) {
    tape.w = w;
    tape.w.row(0).setZero();
    return tape.w;
  }
};

}  // namespace support
