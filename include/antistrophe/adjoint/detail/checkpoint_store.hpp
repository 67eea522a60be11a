// SPDX-License-Identifier: MIT
// Where checkpoints lie: slots of equal size, in memory or in a file. The file is made by the store alone, never taken over, and
// loses its name as soon as it is open (where the system does not allow that, when it is closed), so that nothing of it is left,
// however the program ends.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace antistrophe::detail {

class SpillFile {
 public:
  // Throws std::invalid_argument where there is such a file, or none can be made.
  ANTISTROPHE_COLD explicit SpillFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "w+bx")) {
    if (file_ == nullptr) {
      std::string what = "the path of a file that is not there yet, in a folder that can be written to (";
      refuse("CheckpointedAdjoint::file", "'" + path + "'", what.append(std::strerror(errno)).append(")"));
    }
    nameless_ = std::remove(path.c_str()) == 0;
    std::setvbuf(file_, nullptr, _IONBF, 0);
  }
  ~SpillFile() {
    std::fclose(file_);
    if (!nameless_) std::remove(path_.c_str());
  }
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // Throw std::system_error where the disk is full, or fails.
  void write(std::int64_t at, const void* from, std::size_t size) {
    errno = 0;
    if (!seek(at) || std::fwrite(from, 1, size, file_) != size) fail("could not write a checkpoint to");
  }
  void read(std::int64_t at, void* to, std::size_t size) {
    errno = 0;
    if (!seek(at) || std::fread(to, 1, size, file_) != size) fail("could not read a checkpoint back from");
  }

 private:
  bool seek(std::int64_t at) {
#ifdef _WIN32
    return _fseeki64(file_, at, SEEK_SET) == 0;
#else
    return fseeko(file_, static_cast<off_t>(at), SEEK_SET) == 0;
#endif
  }
  ANTISTROPHE_COLD [[noreturn]] void fail(const char* what) const {
    throw std::system_error(
        errno != 0 ? errno : EIO, std::generic_category(),
        std::string("antistrophe: CheckpointedAdjoint ") + what + " '" + path_ + "' (fewer slots take less room)");
  }

  std::string path_;
  std::FILE* file_;
  bool nameless_ = false;
};

// An array of a carry.
struct Piece {
  void* data;
  std::size_t bytes;
};

// The arrays of a carry as bytes.
template <class Carry>
auto pieces_of(const Carry& carry) {
  return std::apply(
      [](const auto&... part) {
        return std::array{Piece{const_cast<void*>(static_cast<const void*>(part.data())),
                                static_cast<std::size_t>(part.size()) * sizeof(part.data()[0])}...};
      },
      carry.parts());
}
inline std::size_t bytes_of(std::span<const Piece> pieces) {
  std::size_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.bytes;
  return sum;
}

class CheckpointStore {
 public:
  template <class Carry>
  static auto pieces_of(const Carry& carry) {
    return detail::pieces_of(carry);
  }

  // In memory where `file` is empty.
  explicit CheckpointStore(const std::string& file) {
    if (!file.empty()) file_ = std::make_unique<SpillFile>(file);
  }

  // Slots are of so many bytes each; room for `slots` of them at once, if there is not, and for hardly more than `most` later
  // (0 where that is not known).
  void reserve(std::int64_t slots, std::int64_t most, std::size_t slot_bytes) {
    slot_bytes_ = slot_bytes;
    most_ = most;
    if (!file_ && slots > slots_) add_block(slots - slots_);
  }

  void put(std::int64_t slot, std::span<const Piece> pieces) {
    written_ = std::max(written_, slot + 1);
    std::byte* at = file_ ? nullptr : place(slot);
    std::int64_t offset = slot * static_cast<std::int64_t>(slot_bytes_);
    for (const auto& [data, bytes] : pieces) {
      if (file_)
        file_->write(offset, data, bytes);
      else
        at = std::copy_n(static_cast<const std::byte*>(data), bytes, at);  // of an empty state nothing, from nowhere
      offset += static_cast<std::int64_t>(bytes);
    }
  }
  void get(std::int64_t slot, std::span<const Piece> pieces) {
    const std::byte* at = file_ ? nullptr : place(slot);
    std::int64_t offset = slot * static_cast<std::int64_t>(slot_bytes_);
    for (const auto& [data, bytes] : pieces) {
      if (file_)
        file_->read(offset, data, bytes);
      else
        std::copy_n(at, bytes, static_cast<std::byte*>(data)), at += bytes;
      offset += static_cast<std::int64_t>(bytes);
    }
  }

  std::size_t slot_bytes() const { return slot_bytes_; }
  // In memory, and in the file.
  std::size_t bytes() const {
    return static_cast<std::size_t>(slots_) * slot_bytes_ + blocks_.capacity() * sizeof(Block);
  }
  std::size_t bytes_in_file() const { return file_ ? static_cast<std::size_t>(written_) * slot_bytes_ : 0; }

 private:
  // Of slots from `first` on.
  struct Block {
    std::int64_t first;
    std::unique_ptr<std::byte[]> memory;
  };

  ANTISTROPHE_COLD void add_block(std::int64_t slots) {
    const std::size_t size = static_cast<std::size_t>(slots) * slot_bytes_;
    blocks_.push_back({slots_, std::unique_ptr<std::byte[]>(new std::byte[size])});
    slots_ += slots;
  }

  // Where the number of slots was not known, a quarter is added at a time, and at least some thousand bytes.
  ANTISTROPHE_COLD void grow(std::int64_t slots) {
    std::int64_t more = std::max(slots_ / 4, static_cast<std::int64_t>(4096 / (slot_bytes_ + 1)));
    if (most_ > 0) more = std::min(more, most_ - slots_);
    add_block(std::max(more, slots - slots_));
  }
  std::byte* place(std::int64_t slot) {
    if (slot >= slots_) grow(slot + 1);
    std::size_t b = blocks_.size();
    while (blocks_[--b].first > slot) {
    }
    return blocks_[b].memory.get() + static_cast<std::size_t>(slot - blocks_[b].first) * slot_bytes_;
  }

  std::unique_ptr<SpillFile> file_;
  std::size_t slot_bytes_ = 0;
  std::int64_t slots_ = 0, most_ = 0, written_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace antistrophe::detail
