// Random numbers that are a function of what they are for, never of the order in which threads ask:
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed by a seed.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace agewise::base {

// The generator's block function: ten rounds over `counter` with `key`.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// What a stream of random numbers is for: streams of different purposes never meet, whatever their seed.
enum class Purpose : std::uint32_t { weights, shuffle, dropout, augment, split, sample, balance, demo, test };

// The stream of (seed, purpose, epoch, sample). Cheap to make; copy freely; not shared between threads.
class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint32_t epoch = 0, std::uint32_t sample = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, static_cast<std::uint32_t>(purpose), epoch, sample} {}

  std::uint32_t bits();  // uniform over all 32-bit values
  double uniform();      // [0, 1), 53 bits
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();                       // mean 0, deviation 1 (Box and Muller)
  std::uint64_t below(std::uint64_t n);  // uniform over 0 … n-1, without bias; n > 0

  // Fisher and Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace agewise::base
