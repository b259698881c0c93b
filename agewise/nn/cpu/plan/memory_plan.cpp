#include "agewise/nn/cpu/plan/memory_plan.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <new>
#include <numeric>

namespace agewise::nn::cpu {

int MemoryPlan::add(std::size_t bytes) {
  lives_.push_back({aligned(bytes), std::numeric_limits<int>::max(), -1, false, 0});
  return static_cast<int>(lives_.size()) - 1;
}

void MemoryPlan::enlarge(int buffer, std::size_t bytes) {
  Life& life = lives_[static_cast<std::size_t>(buffer)];
  life.bytes = std::max(life.bytes, aligned(bytes));
}

void MemoryPlan::use(int buffer, int time) {
  Life& life = lives_[static_cast<std::size_t>(buffer)];
  life.first = std::min(life.first, time);
  life.last = std::max(life.last, time);
}

void MemoryPlan::pin(int buffer) { lives_[static_cast<std::size_t>(buffer)].pinned = true; }

bool MemoryPlan::overlap(const Life& a, const Life& b) {
  return a.pinned || b.pinned || (a.first <= b.last && b.first <= a.last);
}

void MemoryPlan::place() {
  // The largest first, each at the lowest place that is free for all of its life.
  std::vector<std::size_t> order(lives_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lives_[a].bytes > lives_[b].bytes; });
  std::vector<std::size_t> placed;  // by offset
  for (std::size_t index : order) {
    Life& life = lives_[index];
    std::size_t offset = 0;
    for (std::size_t other : placed) {
      const Life& taken = lives_[other];
      if (!overlap(life, taken)) continue;
      if (offset + life.bytes <= taken.offset) break;
      offset = std::max(offset, taken.offset + taken.bytes);
    }
    life.offset = offset;
    size_ = std::max(size_, offset + life.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), index,
                                   [&](std::size_t a, std::size_t b) { return lives_[a].offset < lives_[b].offset; }),
                  index);
  }
}

Region::Region(std::size_t bytes) : size_(std::max<std::size_t>(bytes, 1)) {
  void* place = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(place);
  madvise(data_, size_, MADV_HUGEPAGE);  // a wish: small pages do as well
}

Region::~Region() { munmap(data_, size_); }

}  // namespace agewise::nn::cpu
