// A queue in which nobody's many items keep another's few waiting.
#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace agewise::serve {

// Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996), with costs that are known only afterwards: the next item
// is one of the client whose items have cost least since it began to wait. Any thread.
template <class T>
class FairQueue {
 public:
  struct Limits {
    std::size_t all;         // items
    std::size_t one_client;  // of them, at most
  };

  explicit FairQueue(const Limits& limits) : limits_(limits) {}

  // All of them, or none and false where there is no room for all or the queue is closed: then they stay untouched.
  bool try_push(const std::string& client, std::vector<T>& items) {
    std::lock_guard lock(mutex_);
    auto found = clients_.find(client);
    std::size_t own = found == clients_.end() ? 0 : found->second.items.size();
    if (closed_ || items.size() > limits_.all - size_ || own + items.size() > limits_.one_client) return false;
    for (T& item : items) add(client, std::move(item));
    return true;
  }

  // Waits for room, whoever has how much of it. False, and the item is dropped, once the queue is closed.
  bool push(const std::string& client, T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || size_ < limits_.all; });
    if (closed_) return false;
    add(client, std::move(item));
    return true;
  }

  // Waits for an item. Nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return closed_ || size_ > 0; });
    return take();
  }

  // The same, but waits no longer than so many seconds.
  std::optional<T> pop_within(double seconds) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return closed_ || size_ > 0; });
    return take();
  }

  // What an item of `client` has cost, in any unit.
  void charge(const std::string& client, double cost) {
    std::lock_guard lock(mutex_);
    auto found = clients_.find(client);
    if (found != clients_.end()) found->second.cost += cost;
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return size_;
  }

  // No further item is taken in; those inside can still be popped.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    arrived_.notify_all();
  }

 private:
  struct Client {
    std::deque<T> items;
    double cost = 0;
  };

  void add(const std::string& client, T item) {
    Client& place = clients_[client];
    if (place.items.empty()) place.cost = std::max(place.cost, now_);  // time without items earns nothing
    place.items.push_back(std::move(item));
    ++size_;
    arrived_.notify_one();
  }

  std::optional<T> take() {
    auto next = clients_.end();
    for (auto one = clients_.begin(); one != clients_.end(); ++one) {
      if (one->second.items.empty()) continue;
      if (next == clients_.end() || one->second.cost < next->second.cost) next = one;
    }
    if (next == clients_.end()) return std::nullopt;
    T item = std::move(next->second.items.front());
    next->second.items.pop_front();
    --size_;
    room_.notify_one();
    now_ = next->second.cost;
    forget_the_idle();
    return item;
  }

  // Clients that have nothing here and owe nothing. Many at once, so that it is not done for each.
  void forget_the_idle() {
    constexpr std::size_t kMany = 1024;
    if (clients_.size() < kMany) return;
    std::erase_if(clients_, [&](const auto& one) { return one.second.items.empty() && one.second.cost <= now_; });
  }

  mutable std::mutex mutex_;
  std::condition_variable room_, arrived_;
  std::map<std::string, Client> clients_;
  Limits limits_;
  std::size_t size_ = 0;
  double now_ = 0;  // cost of the client that was served last
  bool closed_ = false;
};

}  // namespace agewise::serve
