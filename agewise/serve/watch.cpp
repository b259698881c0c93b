#include "agewise/serve/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/json.h"
#include "agewise/serve/access.h"
#include "agewise/serve/page_files.h"

namespace agewise::serve {
namespace {

constexpr double kProgressEvery = 0.5;  // seconds
constexpr std::uint64_t kLargestReport = std::uint64_t{64} << 20;

constexpr Route kPaths[] = {{"/", "watch.html"},       {"/watch.js", "watch.js"}, {"/style.css", "style.css"},
                            {"/chart.js", "chart.js"}, {"/events", ""},           {"/report.html", ""}};

// The number of an epoch makes a browser that lost its connection go on where it was.
std::string epoch_event(std::size_t number, const std::string& line) {
  return fmt::format("id: {}\nevent: epoch\ndata: {}\n\n", number, line);
}

// The report draws itself by scripts within it, and needs no network.
HttpResponse report_of(const train::RunFolder& run) {
  try {
    HttpResponse report{200, "text/html; charset=utf-8",
                        base::read_text_file(run.path / "report.html", kLargestReport)};
    report.headers = {{"Content-Security-Policy", "default-src 'unsafe-inline' data:; connect-src 'none'"},
                      {"Cache-Control", "no-store"}};
    return report;
  } catch (const base::Error&) {
    return error_response(404, "no_report", "the report is drawn after the first epoch");
  }
}

}  // namespace

RunWatch::RunWatch(train::RunFolder run, const Listener& listener, const base::Clock& clock)
    : run_(std::move(run)), clock_(clock) {
  for (const train::EpochRecord& record : train::read_log(run_.log())) epochs_.push_back(train::to_line(record));
  HttpOptions options;
  options.listener = listener;
  HttpHooks hooks;
  hooks.refuse = [this](const HttpRequest& head) { return refuse(head); };
  hooks.answer = [this](const HttpRequest& request, Reply reply) { answer(request, std::move(reply)); };
  hooks.before_sending = [](const HttpRequest& head, HttpResponse& response, double) {
    if (head.path != "/report.html") put_safety_headers(response);
  };
  server_ = std::make_unique<HttpServer>(options, std::move(hooks), clock);
}

RunWatch::~RunWatch() {
  {
    std::lock_guard lock(mutex_);
    tell("event: end\ndata: {}\n\n");
  }
  server_->finish(1);
}

std::optional<HttpResponse> RunWatch::refuse(const HttpRequest& head) const {
  if (auto refusal = refusal_of({}, head)) return refusal;
  if (file_of(kPaths, head.path) == nullptr) return no_such_path();
  return refusal_of_writing(head);
}

void RunWatch::answer(const HttpRequest& request, Reply reply) {
  if (request.path == "/report.html") return reply(report_of(run_));
  if (request.path != "/events") return reply(*page_file(file_of(kPaths, request.path)));
  HttpResponse response{200, "text/event-stream"};
  if (request.method == "GET")
    response.stream = [this, request](const std::shared_ptr<EventStream>& stream) { begin(request, stream); };
  reply(std::move(response));
}

void RunWatch::begin(const HttpRequest& request, const std::shared_ptr<EventStream>& stream) {
  std::string_view last = request.header("last-event-id");
  std::size_t seen = 0;
  std::from_chars(last.data(), last.data() + last.size(), seen);
  nlohmann::json title{{"run", run_.path.string()}};
  std::lock_guard lock(mutex_);
  stream->push("event: run\ndata: " + base::json_text_to_show(title) + "\n\n");
  for (std::size_t i = seen; i < epochs_.size(); ++i) stream->push(epoch_event(i + 1, epochs_[i]));
  streams_.push_back(stream);
}

void RunWatch::epoch_done(const train::EpochRecord& record) {
  std::lock_guard lock(mutex_);
  epochs_.push_back(train::to_line(record));
  tell(epoch_event(epochs_.size(), epochs_.back()));
}

void RunWatch::progress(const base::Progress& progress) {
  std::lock_guard lock(mutex_);
  double now = clock_();
  if (now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  nlohmann::json json{{"what", progress.what}, {"done", progress.done}, {"total", progress.total}};
  tell("event: progress\ndata: " + base::json_text(json) + "\n\n");
}

void RunWatch::tell(const std::string& event) {
  std::erase_if(streams_, [](const auto& stream) { return stream->gone(); });
  for (const auto& stream : streams_) stream->push(event);
}

}  // namespace agewise::serve
