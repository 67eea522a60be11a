#include <antistrophe/number/bit_stack.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

using antistrophe::BitStack;
using antistrophe::GatheredBits;
using antistrophe::HeldBits;

namespace {

// What a stack of bits is, in the plainest form.
class Reference {
 public:
  void push(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bits_.push_back(((value >> i) & 1) != 0);
  }
  std::uint64_t pop(int count) {
    std::uint64_t value = 0;
    for (int i = count; i-- > 0;) {
      value |= std::uint64_t{bits_.back() ? 1u : 0u} << i;
      bits_.pop_back();
    }
    return value;
  }
  std::int64_t size() const { return static_cast<std::int64_t>(bits_.size()); }

 private:
  std::vector<bool> bits_;
};

}  // namespace

TEST_CASE("A bit stack is a stack of bits, whatever the lengths of pushes") {
  std::mt19937_64 random(1);
  BitStack stack;
  Reference reference;
  std::vector<int> counts;
  for (int i = 0; i < 20'000; ++i) {
    const int count = static_cast<int>(random() % 64);  // 0 to 63
    const std::uint64_t value = random() & ((std::uint64_t{1} << count) - 1);
    stack.push(value, count);
    reference.push(value, count);
    counts.push_back(count);
  }
  CHECK(stack.size() == reference.size());
  BitStack::Cursor cursor(stack);
  bool equal = true;
  // Popped by other lengths than pushed: bits, not words, are what is kept.
  while (reference.size() > 0) {
    const int count =
        static_cast<int>(std::min<std::int64_t>(static_cast<std::int64_t>(random() % 64), reference.size()));
    equal = equal && !(cursor.at_bottom() && count > 0) && cursor.pop(count) == reference.pop(count);
  }
  CHECK(equal);
  CHECK(cursor.at_bottom());
}

TEST_CASE("A bit stack crosses its words without loss") {
  for (int first = 0; first <= 63; ++first) {
    for (int second = 0; second <= 63; ++second) {
      BitStack stack;
      const std::uint64_t a = (std::uint64_t{1} << first) - 1, b = (std::uint64_t{1} << second) - 1;
      stack.push(a, first);
      stack.push(b, second);
      stack.push(0, 1);
      BitStack::Cursor cursor(stack);
      const bool right = cursor.pop(1) == 0 && cursor.pop(second) == b && cursor.pop(first) == a && cursor.at_bottom();
      if (!right) FAIL("lengths " << first << " and " << second);
    }
  }
}

TEST_CASE("Several cursors read the same bits") {
  BitStack stack;
  for (std::uint64_t i = 0; i < 100; ++i) stack.push(i & 7, 3);
  for (int reader = 0; reader < 2; ++reader) {
    BitStack::Cursor cursor(stack);
    bool equal = true;
    for (std::uint64_t i = 100; i-- > 0;) equal = equal && cursor.pop(3) == (i & 7);
    CHECK(equal);
    CHECK(cursor.at_bottom());
  }
}

TEST_CASE("A cursor that reads past the bottom yields zeros and never says it is at the bottom") {
  BitStack stack;
  stack.push(7, 3);
  BitStack::Cursor cursor(stack);
  CHECK(cursor.pop(2) == 3);
  CHECK_FALSE(cursor.at_bottom());
  CHECK(cursor.pop(2) == 0);
  CHECK_FALSE(cursor.at_bottom());
  CHECK(cursor.pop(5) == 0);
  CHECK(cursor.pop(0) == 0);
  CHECK_FALSE(cursor.at_bottom());
}

TEST_CASE("An empty stack is at its bottom, a cleared one is empty, and reserved room is not outgrown") {
  BitStack stack;
  CHECK(BitStack::Cursor(stack).at_bottom());
  stack.push(1, 1);
  stack.clear();
  CHECK(stack.size() == 0);
  CHECK(BitStack::Cursor(stack).at_bottom());
  stack.reserve(6400);
  const std::size_t bytes = stack.bytes();
  CHECK(bytes >= 800);
  for (int i = 0; i < 6400; ++i) stack.push(1, 1);
  CHECK(stack.bytes() == bytes);
  CHECK(BitStack::Cursor(stack).pop(63) == (std::uint64_t{1} << 63) - 1);
}

TEST_CASE("Bits that are gathered and held a word at a time are those that are pushed and popped one by one") {
  std::mt19937_64 random(7);
  std::vector<std::pair<std::uint64_t, int>> pushes;
  for (int i = 0; i < 1000; ++i) {
    const int count = static_cast<int>(random() % 64);
    pushes.emplace_back(random() & ((std::uint64_t{1} << count) - 1), count);
  }
  BitStack one_by_one, words;
  GatheredBits<BitStack> gathered(words);
  for (const auto& [value, count] : pushes) {
    one_by_one.push(value, count);
    gathered.push(value, count);
  }
  gathered.flush();
  REQUIRE(words.size() == one_by_one.size());

  // Every so often the reader gives back what it holds, and what it took last, and goes on without it.
  BitStack::Cursor plain(one_by_one), shared(words);
  HeldBits<BitStack::Cursor> held(shared);
  bool equal = true;
  for (std::size_t i = pushes.size(); i-- > 0;) {
    const auto& [value, count] = pushes[i];
    equal = equal && plain.pop(count) == value && held.has(count) && held.pop(count) == value;
    if (i % 7 != 0) continue;
    held.put_back(count);
    held.flush();
    equal = equal && shared.left() == plain.left() + count && shared.pop(count) == value;
  }
  held.flush();
  CHECK(equal);
  CHECK(shared.at_bottom());
  CHECK(held.has(0));
  CHECK_FALSE(held.has(1));
  CHECK(shared.at_bottom());
}
