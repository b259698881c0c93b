// An EventStream whose connection is told when there is text. For connection.cpp alone.
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "agewise/serve/http.h"

namespace agewise::serve {

class PushedStream : public EventStream {
 public:
  static constexpr std::size_t kMostUnread = std::size_t{4} << 20;  // bytes that the client has not taken

  // `wake` makes the server's thread take(), soon.
  PushedStream(std::string begin, std::function<void()> wake) : text_(std::move(begin)), wake_(std::move(wake)) {}

  void push(std::string_view text) override {
    std::lock_guard lock(mutex_);
    if (gone_ || closed_) return;
    if (text_.size() + text.size() > kMostUnread) closed_ = true;
    if (!closed_) text_ += text;
    wake();
  }
  void close() override {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake();
  }
  bool gone() const override {
    std::lock_guard lock(mutex_);
    return gone_;
  }

  // Both on the server's thread. What there is, and whether nothing will follow it.
  std::pair<std::string, bool> take() {
    std::lock_guard lock(mutex_);
    woken_ = false;
    return {std::exchange(text_, ""), closed_};
  }
  void end() {
    std::lock_guard lock(mutex_);
    gone_ = true;
  }

 private:
  void wake() {
    if (!gone_ && !std::exchange(woken_, true)) wake_();
  }

  mutable std::mutex mutex_;
  std::string text_;
  std::function<void()> wake_;
  bool woken_ = false, closed_ = false, gone_ = false;
};

}  // namespace agewise::serve
