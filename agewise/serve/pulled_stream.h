// An EventStream over libmicrohttpd, which asks for text when its client can take some. For http.cpp alone.
#pragma once
#include <microhttpd.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "agewise/serve/http.h"

namespace agewise::serve {

class PulledStream : public EventStream {
 public:
  static constexpr std::size_t kMostUnread = std::size_t{4} << 20;  // bytes that the client has not taken

  PulledStream(MHD_Connection* connection, std::string begin) : connection_(connection), text_(std::move(begin)) {}

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

  // Both on the server's thread.
  ssize_t pull(char* place, std::size_t room) {
    std::lock_guard lock(mutex_);
    if (text_.empty()) {
      if (closed_) return MHD_CONTENT_READER_END_OF_STREAM;
      MHD_suspend_connection(connection_);
      waiting_ = true;
      return 0;
    }
    std::size_t size = std::min(room, text_.size());
    std::copy_n(text_.begin(), size, place);
    text_.erase(0, size);
    return static_cast<ssize_t>(size);
  }
  void end() {
    std::lock_guard lock(mutex_);
    gone_ = true;
  }

 private:
  void wake() {
    if (!waiting_) return;
    waiting_ = false;
    MHD_resume_connection(connection_);
  }

  mutable std::mutex mutex_;
  MHD_Connection* connection_;
  std::string text_;
  bool waiting_ = false, closed_ = false, gone_ = false;
};

}  // namespace agewise::serve
