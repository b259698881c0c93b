#include "app/serve_log.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

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

}  // namespace agewise::app
