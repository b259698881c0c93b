// Processes that are threads of a test: every one has a communicator, and all do the same.
#pragma once
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include "agewise/base/communicator.h"

namespace agewise::base {

class Crew {
 public:
  explicit Crew(int size) : hosts_(static_cast<std::size_t>(size)), seats_(hosts_.size()) {
    for (std::size_t rank = 0; rank < hosts_.size(); ++rank) hosts_[rank] = "host" + std::to_string(rank);
  }

  // Runs `body` in each of them and throws what the first one threw; what one throws ends all, as under mpirun.
  void run(const std::function<void(Communicator&)>& body) {
    std::vector<std::exception_ptr> problems(hosts_.size());
    std::vector<std::thread> threads;
    for (std::size_t rank = 0; rank < hosts_.size(); ++rank) {
      threads.emplace_back([&, rank] {
        Member member(*this, static_cast<int>(rank));
        try {
          body(member);
        } catch (...) {
          problems[rank] = std::current_exception();
          leave();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& problem : problems) rethrow_own(problem);
  }

 private:
  struct Left : std::runtime_error {  // another has thrown
    Left() : std::runtime_error("another process has ended") {}
  };

  static void rethrow_own(const std::exception_ptr& problem) {
    try {
      if (problem) std::rethrow_exception(problem);
    } catch (const Left&) {
    }
  }

  void leave() {
    std::lock_guard lock(mutex_);
    left_ = true;
    changed_.notify_all();
  }

  void meet() {
    std::unique_lock lock(mutex_);
    std::size_t meeting = meetings_;
    if (++waiting_ == hosts_.size()) {
      waiting_ = 0;
      ++meetings_;
      changed_.notify_all();
      return;
    }
    changed_.wait(lock, [&] { return left_ || meetings_ != meeting; });
    if (meetings_ == meeting) throw Left();
  }

  struct Seat {
    std::span<float> floats;
    std::span<Bfloat16> bfloats;
    std::span<double> doubles;
    std::span<std::byte> bytes;
    std::string text;
  };

  class Member : public Communicator {
   public:
    Member(Crew& crew, int rank) : crew_(crew), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return static_cast<int>(crew_.hosts_.size()); }
    const std::string& host(int rank) const override { return crew_.hosts_.at(static_cast<std::size_t>(rank)); }
    void start_sum(std::span<float> values) override { begin(&Seat::floats, values); }
    void start_sum(std::span<Bfloat16> values) override { begin(&Seat::bfloats, values); }
    void finish_sum() override {
      begun_.front()();
      begun_.pop_front();
    }
    void sum(std::span<double> values) override { add_up(&Seat::doubles, values); }
    void broadcast(std::span<std::byte> bytes) override {
      if (bytes.empty()) return;
      own().bytes = bytes;
      together([this, bytes] {
        for (Seat& seat : crew_.seats_) std::memmove(seat.bytes.data(), bytes.data(), bytes.size());
      });
    }
    std::vector<std::string> gather(const std::string& text) override {
      own().text = text;
      barrier();
      std::vector<std::string> all;
      for (const Seat& seat : crew_.seats_) all.push_back(seat.text);
      barrier();
      return all;
    }
    void barrier() override { crew_.meet(); }
    [[noreturn]] void abort(int /*exit_code*/) override { std::terminate(); }

   private:
    Seat& own() { return crew_.seats_[static_cast<std::size_t>(rank_)]; }
    template <class Do>
    void together(Do by_the_first) {
      barrier();
      if (rank_ == 0) by_the_first();
      barrier();
    }
    template <class Values>
    void begin(Values Seat::*place, Values values) {
      begun_.push_back([this, place, values] { add_up(place, values); });
    }
    template <class Values>
    void add_up(Values Seat::*place, Values values) {
      own().*place = values;
      together([this, place] { add_up(place); });
    }
    // In the order of ranks.
    template <class Values>
    void add_up(Values Seat::*values) {
      auto& sum = crew_.seats_.front().*values;
      for (std::size_t i = 0; i < sum.size(); ++i) {
        for (std::size_t rank = 1; rank < crew_.seats_.size(); ++rank)
          sum[i] = sum_of(sum[i], (crew_.seats_[rank].*values)[i]);
        for (Seat& seat : crew_.seats_) (seat.*values)[i] = sum[i];
      }
    }
    template <class Number>
    static Number sum_of(Number a, Number b) {
      if constexpr (std::is_same_v<Number, Bfloat16>)
        return base::sum_of(a, b);
      else
        return a + b;
    }

    Crew& crew_;
    int rank_;
    std::deque<std::function<void()>> begun_;
  };

  std::vector<std::string> hosts_;
  std::vector<Seat> seats_;
  std::mutex mutex_;  // around what follows
  std::condition_variable changed_;
  std::size_t waiting_ = 0, meetings_ = 0;
  bool left_ = false;
};

}  // namespace agewise::base
