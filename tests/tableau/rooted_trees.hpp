// Rooted trees, which index the order conditions of a Runge–Kutta method: for every tree t of at most
// p vertices, Σ b_i Φ_i(t) = 1/γ(t). Hairer, Nørsett & Wanner I, section II.2; Butcher 1963.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace antistrophe::test {

// A tree is its root with the trees that hang from it; equal ones stand next to each other.
struct Tree {
  std::vector<Tree> children;

  friend bool operator==(const Tree&, const Tree&) = default;
};

// |t|, the number of vertices.
inline std::int64_t order(const Tree& t) {
  std::int64_t vertices = 1;
  for (const Tree& child : t.children) vertices += order(child);
  return vertices;
}

// γ(t), the density: |t| times the densities of the children.
inline std::int64_t density(const Tree& t) {
  std::int64_t product = order(t);
  for (const Tree& child : t.children) product *= density(child);
  return product;
}

// σ(t), the number of symmetries: m! σ(u)^m for each distinct child u that occurs m times.
inline std::int64_t symmetry(const Tree& t) {
  std::int64_t product = 1, multiplicity = 0;
  for (std::size_t i = 0; i < t.children.size(); ++i) {
    multiplicity = i > 0 && t.children[i] == t.children[i - 1] ? multiplicity + 1 : 1;
    product *= multiplicity * symmetry(t.children[i]);
  }
  return product;
}

// Nested brackets, e.g. [[][]] for the root with two leaves.
inline std::string to_string(const Tree& t) {
  std::string text = "[";
  for (const Tree& child : t.children) text += to_string(child);
  return text + "]";
}

namespace detail {

// Completes `root` by children of `vertices` vertices in total, taken from `smaller` in non-increasing
// position, so that every multiset of children is met once.
inline void complete(Tree& root, std::size_t vertices, std::size_t last, const std::vector<std::vector<Tree>>& smaller,
                     std::vector<Tree>& found) {
  if (vertices == 0) found.push_back(root);
  std::size_t position = 0;
  for (std::size_t n = 1; n <= vertices; ++n)
    for (const Tree& child : smaller[n]) {
      if (position++ > last) return;
      root.children.push_back(child);
      complete(root, vertices - n, position - 1, smaller, found);
      root.children.pop_back();
    }
}

}  // namespace detail

// All trees of up to `n` vertices; result[k] holds those of k.
inline std::vector<std::vector<Tree>> rooted_trees(int n) {
  std::vector<std::vector<Tree>> trees(1);
  for (std::size_t k = 1; k <= static_cast<std::size_t>(n); ++k) {
    Tree root;
    std::vector<Tree> found;
    detail::complete(root, k - 1, static_cast<std::size_t>(-1), trees, found);
    trees.push_back(found);
  }
  return trees;
}

}  // namespace antistrophe::test
