// SPDX-License-Identifier: MIT
// A sum whose bits do not depend on who adds what when: its terms are the leaves of a binary tree that is fixed by their numbers
// alone, and two neighbours are added as soon as both are there. So threads and ranks may finish in any order.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

namespace antistrophe::detail {

// Sum has a member add(const Sum&), not necessarily associative.
template <class Sum>
class OrderedSum {
 public:
  // The node `place` of a level stands for the leaves [place, place + 1) · 2^level.
  struct Node {
    int level = 0;
    std::uint64_t place = 0;
  };

  // Each leaf once, or, from another sum, a node of higher level.
  void add(Node node, Sum sum) {
    for (;;) {
      const auto sibling = nodes_.find(key(node.level, node.place ^ 1));
      if (sibling == nodes_.end()) break;
      if ((node.place & 1) != 0) std::swap(sum, sibling->second);  // the left one comes first
      sum.add(sibling->second);
      nodes_.erase(sibling);
      ++node.level;
      node.place /= 2;
    }
    nodes_.emplace(key(node.level, node.place), std::move(sum));
  }

  // What is not yet added up: few, of ranges of leaves without a gap about 2 log2 of their number.
  template <class Visit>
  void each_node(const Visit& visit) const {
    for (const auto& [at, sum] : nodes_) visit(Node{-at.first, at.second}, sum);
  }

  // Of all leaves from 0 to the last, adding what is left from the end on; `nothing` where there are none.
  Sum total(Sum nothing) const {
    if (nodes_.empty()) return nothing;
    auto node = nodes_.rbegin();  // from the last to the first: from low levels to high ones
    Sum all = node->second;
    while (++node != nodes_.rend()) {
      Sum left = node->second;
      left.add(all);
      all = std::move(left);
    }
    return all;
  }

 private:
  using Key = std::pair<int, std::uint64_t>;
  static Key key(int level, std::uint64_t place) { return {-level, place}; }

  std::map<Key, Sum> nodes_;
};

}  // namespace antistrophe::detail
