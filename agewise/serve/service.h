// The HTTP service of one model: estimates, the page, health, figures. docs/serve.md says what it looks like from
// outside, page/openapi.json exactly.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agewise/base/bounded_queue.h"
#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/serve/access.h"
#include "agewise/serve/http.h"
#include "agewise/serve/metrics.h"
#include "agewise/serve/pipeline.h"

namespace agewise::serve {

// What a log may say of a request: nothing that is in a picture, a file's name or a query.
struct RequestRecord {
  std::string id;      // X-Request-Id, as it came or made here; the answer has it, too
  std::string client;  // its address, of IPv6 the first half
  std::string method;  // "other" but for those of HTTP
  std::string path;    // one of the service's own, or "other"
  int status;
  double seconds;  // from its head to its answer
};

struct ServiceOptions {
  HttpOptions http;
  PipelineOptions pipeline;
  std::vector<std::string> names;  // that the server is called by, beside those of loopback
  std::string token;               // empty: none is asked for
  std::size_t most_files = 32;     // in one request
  std::uint64_t id_seed = 0;       // of the ids of requests that come without: other for each process
  // Called for each request when its answer is sent, on the server's one thread: it must not wait for anything.
  std::function<void(const RequestRecord&)> log = {};
};

// Throws UsageError for options that are unsafe or contradict each other.
void check_options(const ServiceOptions& options);

class Service {
 public:
  // Serves from here on. `engine` must outlive this and is used by no one else meanwhile. Throws UsageError for options
  // that are unsafe or contradict each other, Error where it cannot listen.
  Service(estimate::Model model, nn::Engine& engine, const ServiceOptions& options, const base::Clock& clock);
  // Takes nothing more, answers what is in flight, and waits for it as long as a request may take.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  int port() const { return server_->port(); }

 private:
  std::optional<HttpResponse> refuse(const HttpRequest& head) const;
  void answer(HttpRequest request, Reply reply);
  void finish_response(const HttpRequest& head, HttpResponse& response, double seconds);
  void estimate(HttpRequest request, Reply reply);
  void estimate_unpacked(HttpRequest request, Reply reply);
  HttpResponse readiness() const;

  ServiceOptions options_;
  AccessRules access_rules_;
  Metrics metrics_;
  Pipeline pipeline_;
  std::uint64_t requests_ = 0;  // that came without an id
  // Bodies of JSON are read by a thread of their own: that takes longer than the server's thread may be held up.
  base::BoundedQueue<std::pair<HttpRequest, std::unique_ptr<Reply>>> packed_;
  std::thread unpacker_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace agewise::serve
