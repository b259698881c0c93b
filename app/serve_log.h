// What `agewise serve` says of itself and of each request: lines of text, or of JSON for other programs.
#pragma once
#include <memory>
#include <string>

#include "agewise/serve/service.h"

namespace agewise::app {

// "2026-11-29T08:27:07Z 192.0.2.7 POST /v1/estimate 200 0.012 s 9f86d081884c7d65", or an object with these; `time` in
// seconds since 1970.
std::string request_line(const serve::RequestRecord& record, bool json, double time);

// "serving MODEL at URL", or an object with these.
std::string start_line(const std::string& model, const std::string& url, bool json, double time);

double time_of_day();  // seconds since 1970

// Standard output by a thread of its own, so that a reader of the log who has stalled holds up nobody. Lines that find
// too many waiting are dropped; a warning says how many, once the reader goes on.
class LogWriter {
 public:
  LogWriter();
  ~LogWriter();  // writes what waits, for two seconds at most
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void write(std::string line);  // with its newline; never waits; from any thread

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the thread, which may have to be left behind
};

}  // namespace agewise::app
