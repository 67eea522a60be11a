#include "rooted_trees.hpp"

#include <array>

#include "support/catch.hpp"

using namespace antistrophe::test;

TEST_CASE("rooted trees are as many as there are", "[tableau][rooted_trees]") {
  const std::array<std::size_t, 10> count{0, 1, 1, 2, 4, 9, 20, 48, 115, 286};  // OEIS A000081
  const auto trees = rooted_trees(9);
  REQUIRE(trees.size() == count.size());
  for (std::size_t n = 1; n < count.size(); ++n) CHECK(trees[n].size() == count[n]);
}

TEST_CASE("rooted trees have the order asked for and are distinct", "[tableau][rooted_trees]") {
  const auto trees = rooted_trees(8);
  for (std::size_t n = 1; n < trees.size(); ++n)
    for (std::size_t i = 0; i < trees[n].size(); ++i) {
      CHECK(order(trees[n][i]) == static_cast<std::int64_t>(n));
      for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(trees[n][i] == trees[n][j]);
    }
}

// n!/(σ γ) counts the monotonic labellings of a tree; over all trees of n vertices these are the
// (n−1)! recursive trees, since vertex k+1 may hang from any of the k before it.
TEST_CASE("densities and symmetries count the recursive trees", "[tableau][rooted_trees]") {
  const auto trees = rooted_trees(9);
  std::int64_t factorial = 1;  // (n−1)!
  for (std::int64_t n = 1; n <= 9; ++n) {
    std::int64_t labellings = 0;
    for (const Tree& t : trees[static_cast<std::size_t>(n)]) {
      REQUIRE(factorial * n % (symmetry(t) * density(t)) == 0);
      labellings += factorial * n / (symmetry(t) * density(t));
    }
    CHECK(labellings == factorial);
    factorial *= n;
  }
}

TEST_CASE("the trees of order 4 have the densities of the textbook", "[tableau][rooted_trees]") {
  // Hairer, Nørsett & Wanner I, table II.2.1
  const Tree leaf, chain2{{leaf}}, chain3{{chain2}}, fork{{leaf, leaf}};
  CHECK(density(Tree{{leaf, leaf, leaf}}) == 4);
  CHECK(density(Tree{{chain2, leaf}}) == 8);
  CHECK(density(Tree{{fork}}) == 12);
  CHECK(density(Tree{{chain3}}) == 24);
}
