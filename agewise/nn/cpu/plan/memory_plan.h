// Which bytes of one arena belong to which buffer, when.
#pragma once
#include <cstddef>
#include <vector>

namespace agewise::nn::cpu {

constexpr std::size_t kAlignment = 64;  // bytes: a cache line, an AVX-512 vector

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Buffers whose lives do not overlap share their place. Times are whole numbers that
// grow from step to step.
class MemoryPlan {
 public:
  int add(std::size_t bytes);                   // a new buffer; returns its number
  void enlarge(int buffer, std::size_t bytes);  // to at least `bytes`
  void use(int buffer, int time);               // alive at `time`, and so at all times between its first and last use
  void pin(int buffer);                         // alive always
  bool pinned(int buffer) const { return lives_[static_cast<std::size_t>(buffer)].pinned; }

  void place();  // after all uses are known
  std::size_t offset(int buffer) const { return lives_[static_cast<std::size_t>(buffer)].offset; }
  std::size_t size() const { return size_; }  // of the arena, in bytes

 private:
  struct Life {
    std::size_t bytes;
    int first, last;
    bool pinned;
    std::size_t offset;
  };
  static bool overlap(const Life& a, const Life& b);

  std::vector<Life> lives_;
  std::size_t size_ = 0;
};

// Memory from the system, zero. Pages come when they are first touched: after a network's first step there are no more
// faults, and what its weights were made of can be gone before. Huge pages where the system gives them.
class Region {
 public:
  explicit Region(std::size_t bytes);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_;
  std::size_t size_;
};

}  // namespace agewise::nn::cpu
