// Rows that become more stay where they are, in blocks that are of one size, whatever was expected.
#include "catch.hpp"

#include <antistrophe/core/detail/growing_rows.hpp>

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

using antistrophe::detail::GrowingRows;

namespace {

void fill(GrowingRows<double>& rows, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    if (i == rows.rows()) rows.grow();
    for (std::size_t k = 0; k < rows.width(); ++k) rows.row(i)[k] = static_cast<double>(10 * i + k);
  }
}
bool holds(const GrowingRows<double>& rows, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < rows.width(); ++k)
      if (rows.row(i)[k] != static_cast<double>(10 * i + k)) return false;
  return true;
}

// So many of these may be made before there is no memory; how many there are.
struct Numbered {
  static inline int left = 0, alive = 0;
  Numbered() {
    if (left-- == 0) throw std::bad_alloc();
    ++alive;
  }
  Numbered(const Numbered&) { ++alive; }
  Numbered& operator=(const Numbered&) = default;
  ~Numbered() { --alive; }
};

}  // namespace

TEST_CASE("Rows hold what they held, and none beyond the first few is moved", "[growing_rows]") {
  for (const std::size_t width : {1U, 3U, 100U, 700U}) {
    CAPTURE(width);
    GrowingRows<double> rows;
    rows.lay_out(0, width);
    fill(rows, 0, 64);
    const double* const first = rows.row(0);
    const double* const last = rows.row(63);
    fill(rows, 64, 2000);
    CHECK(holds(rows, 2000));
    CHECK(rows.row(0) == first);
    CHECK(rows.row(63) == last);
    // A block in vain at most, and a pointer a block.
    const std::size_t held = 2000 * width * sizeof(double);
    CHECK(rows.bytes() <= held + held / 20 + 4096 + 16 * sizeof(double*));
  }
}

TEST_CASE("What grew lies side by side once it is laid out, with what it held", "[growing_rows]") {
  GrowingRows<double> rows;
  rows.lay_out(5, 3);
  CHECK(rows.side_by_side() == 5);
  fill(rows, 0, 1500);
  rows.lay_out(100, 3);  // no fewer than there are
  CHECK(rows.rows() >= 1500);
  CHECK(static_cast<std::size_t>(rows.side_by_side()) == rows.rows());
  CHECK(holds(rows, 1500));
  CHECK(rows.row(1499) == rows.data() + 3 * 1499);
  rows.lay_out(0, 4);  // of another width there are none
  CHECK(rows.rows() == 0);
}

TEST_CASE("Copies are independent, and what was moved from may be used again", "[growing_rows]") {
  GrowingRows<double> rows(std::vector<double>{0, 10});
  fill(rows, 2, 1000);
  GrowingRows<double> copy = rows;
  rows[999] = -1;
  CHECK(holds(copy, 1000));
  fill(copy, 1000, 3000);
  CHECK(holds(copy, 3000));
  const GrowingRows<double> few(std::vector<double>{0, 10, 20});
  copy = few;
  CHECK(copy.rows() == 3);
  CHECK(holds(copy, 3));
  fill(copy, 3, 900);
  rows[999] = 9990;
  copy = std::move(rows);
  CHECK(holds(copy, 1000));
  rows = few;
  CHECK(holds(rows, 3));
}

TEST_CASE("A copy for which there is no memory leaves nothing behind", "[growing_rows]") {
  Numbered::left = 1 << 30;
  {
    GrowingRows<Numbered> rows;
    rows.lay_out(64, 64);
    for (int i = 0; i < 5; ++i) rows.grow();
    const int before = Numbered::alive;
    for (const int block : {0, 1, 4}) {
      Numbered::left = block * 64 * 64 + 10;
      CHECK_THROWS_AS(GrowingRows<Numbered>(rows), std::bad_alloc);
      CHECK(Numbered::alive == before);
    }
    Numbered::left = 1 << 30;
  }
  CHECK(Numbered::alive == 0);
}
