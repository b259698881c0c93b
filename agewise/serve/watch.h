// A run as it is trained, in a browser: its curves grow by server-sent events (HTML Standard, §9.2).
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/serve/http.h"
#include "agewise/train/log.h"
#include "agewise/train/run_folder.h"

namespace agewise::serve {

// On loopback only: it asks for no token. Any thread may call it.
class RunWatch {
 public:
  // Serves from here on, the epochs that the run's log holds already first.
  RunWatch(train::RunFolder run, const Listener& listener, const base::Clock& clock);
  // Tells the pages that the run has ended.
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  int port() const { return server_->port(); }
  void epoch_done(const train::EpochRecord& record);
  void progress(const base::Progress& progress);  // shown at most twice a second

 private:
  std::optional<HttpResponse> refuse(const HttpRequest& head) const;
  void answer(const HttpRequest& request, Reply reply);
  void begin(const HttpRequest& request, const std::shared_ptr<EventStream>& stream);
  void tell(const std::string& event);  // mutex_ held

  train::RunFolder run_;
  base::Clock clock_;
  std::mutex mutex_;
  std::vector<std::string> epochs_;  // lines of the log
  std::vector<std::shared_ptr<EventStream>> streams_;
  double last_progress_ = -1e9;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace agewise::serve
