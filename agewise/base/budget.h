// A limit on what several threads hold at once: what bounds memory when things differ in size.
#pragma once
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace agewise::base {

// Any number of threads.
class Budget {
 public:
  explicit Budget(std::uint64_t limit) : limit_(limit) {}

  // Waits until so much is free. More than the limit counts as the limit: it waits until nothing else is held. Returns
  // what is to be given back.
  std::uint64_t take(std::uint64_t amount) {
    amount = std::min(amount, limit_);
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return closed_ || used_ + amount <= limit_; });
    used_ += amount;
    return amount;
  }

  void give_back(std::uint64_t amount) {
    std::lock_guard lock(mutex_);
    used_ -= amount;
    freed_.notify_all();
  }

  // Nobody waits any more: for when those who would give back have ended.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    freed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::uint64_t limit_, used_ = 0;
  bool closed_ = false;
};

// Part of a budget, given back at the end of the scope.
class Share {
 public:
  Share(Budget& budget, std::uint64_t amount) : budget_(budget), amount_(budget.take(amount)) {}
  ~Share() { budget_.give_back(amount_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  Budget& budget_;
  std::uint64_t amount_;
};

}  // namespace agewise::base
