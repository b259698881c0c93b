#include "app/serve_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "agewise/base/bounded_queue.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

// RFC 3339, in UTC.
std::string time_text(double time) {
  auto seconds = static_cast<std::time_t>(std::floor(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// Past stdio, whose lock a writer who hangs would keep when the program ends. 0, or errno of what cannot be written.
int write_whole(std::string_view text) {
  while (!text.empty()) {
    ssize_t size = ::write(STDOUT_FILENO, text.data(), text.size());
    if (size < 0 && errno != EINTR) return errno;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  return 0;
}

constexpr std::size_t kMostLines = 1024;  // waiting to be written
constexpr std::chrono::seconds kPatience{2};

}  // namespace

std::string request_line(const serve::RequestRecord& record, bool json, double time) {
  if (!json) {
    return fmt::format("{} {} {} {} {} {:.3f} s {}\n", time_text(time), record.client, record.method, record.path,
                       record.status, record.seconds, record.id);
  }
  return json_text({{"time", time_text(time)},
                    {"client", record.client},
                    {"method", record.method},
                    {"path", record.path},
                    {"status", record.status},
                    {"seconds", std::round(record.seconds * 1e6) / 1e6},
                    {"request_id", record.id}}) +
         "\n";
}

std::string start_line(const std::string& model, const std::string& url, bool json, double time) {
  if (!json) return fmt::format("serving {} at {}\n", model, url);
  return json_text({{"time", time_text(time)}, {"serving", model}, {"url", url}}) + "\n";
}

double time_of_day() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct LogWriter::Shared {
  base::BoundedQueue<std::string> lines{kMostLines};
  std::atomic<std::uint64_t> dropped = 0;
  std::promise<void> done;
};

LogWriter::LogWriter() : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_] {
    bool told = false;
    while (std::optional<std::string> line = shared->lines.pop()) {
      int problem = write_whole(*line);
      if (problem != 0 && !std::exchange(told, true))
        warn(fmt::format("standard output: {}; lines of the log are lost", std::strerror(problem)));
      if (std::uint64_t dropped = shared->dropped.exchange(0); dropped > 0)
        warn(fmt::format("{} lines of the log were dropped: the reader of standard output is too slow", dropped));
    }
    shared->done.set_value();
  }).detach();
}

LogWriter::~LogWriter() {
  shared_->lines.close();
  shared_->done.get_future().wait_for(kPatience);
}

void LogWriter::write(std::string line) {
  if (!shared_->lines.try_push(std::move(line))) ++shared_->dropped;
}

}  // namespace agewise::app
