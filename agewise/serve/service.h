// The HTTP service of one model: estimates, the page, health, figures. docs/serve.md says what it looks like from
// outside, page/openapi.json exactly.
#pragma once
#include <memory>
#include <string>

#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/serve/access.h"
#include "agewise/serve/http.h"
#include "agewise/serve/metrics.h"
#include "agewise/serve/pipeline.h"

namespace agewise::serve {

struct ServiceOptions {
  HttpOptions http;
  PipelineOptions pipeline;
  std::vector<std::string> names;  // that the server is called by, beside those of loopback
  std::string token;               // empty: none is asked for
  std::size_t most_files = 32;     // in one request
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
  void estimate(HttpRequest request, Reply reply);
  HttpResponse readiness() const;

  ServiceOptions options_;
  AccessRules access_rules_;
  Metrics metrics_;
  Pipeline pipeline_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace agewise::serve
