#include "agewise/serve/service.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/estimate/json.h"
#include "agewise/serve/listen.h"
#include "agewise/serve/multipart.h"
#include "agewise/serve/page_files.h"

namespace agewise::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEstimate = "/v1/estimate";

constexpr Route kPaths[] = {{"/", "page.html"},
                            {"/page.js", "page.js"},
                            {"/style.css", "style.css"},
                            {"/chart.js", "chart.js"},
                            {"/openapi.json", "openapi.json"},
                            {"/healthz", ""},
                            {"/readyz", ""},
                            {"/metrics", ""},
                            {"/v1/model", ""},
                            {kEstimate, ""}};

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool is_kind(std::string_view content_type, std::string_view kind) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.size() >= kind.size() &&
         std::equal(kind.begin(), kind.end(), type.begin(), [](char a, char b) { return a == (b | 32) || a == b; });
}

// The answer to a request in which something is wrong.
struct Refused {
  HttpResponse response;
};

// ?distribution=true
bool wants_distribution(const HttpRequest& request) {
  bool wanted = false;
  for (const auto& [name, value] : request.query) {
    if (name != "distribution" || (value != "true" && value != "false")) {
      throw Refused{error_response(400, "bad_parameter", "the one parameter is distribution, true or false")};
    }
    wanted = value == "true";
  }
  return wanted;
}

std::vector<FormPart> pictures_of(const HttpRequest& request, std::size_t most_files) {
  if (request.body.empty()) throw Refused{error_response(400, "empty_body", "the body must be a picture")};
  std::string_view type = request.header("content-type");
  if (is_kind(type, "image/") || is_kind(type, "application/octet-stream")) return {{"", request.body}};
  if (!is_kind(type, "multipart/form-data")) {
    throw Refused{error_response(415, "wrong_content_type",
                                 "Content-Type must be image/…, application/octet-stream or multipart/form-data")};
  }
  try {
    std::vector<FormPart> parts = parse_form(request.body, type, most_files);
    if (parts.empty()) throw BadForm("no picture in it");
    return parts;
  } catch (const BadForm& problem) {
    throw Refused{error_response(400, "bad_form", problem.what())};
  }
}

bool has_too_many_pixels(const image::PictureInfo& info, std::uint64_t most) {
  return static_cast<std::uint64_t>(info.width) * static_cast<std::uint64_t>(info.height) > most;
}

HttpResponse problem_of(const face::PictureFaces& faces, std::uint64_t most_pixels) {
  if (has_too_many_pixels(faces.info, most_pixels)) return error_response(413, "too_many_pixels", faces.problem);
  return error_response(422, "unreadable_picture", faces.problem);
}

// What of a request its answer depends on.
struct Asked {
  std::vector<std::string> names;  // of the files, if there may be several
  bool single = false, distribution = false;
  std::uint64_t most_pixels = 0;
};

Json to_json(const estimate::Model& model, const PictureResult& result, bool distribution) {
  Json faces = Json::array();
  for (std::size_t i = 0; i < result.estimates.size(); ++i) {
    Json face = estimate::to_json(model, result.faces.cuts[i], result.faces.refusals[i], result.estimates[i]);
    if (distribution && !face["age"].is_null()) face["distribution"] = estimate::distribution_of(result.estimates[i]);
    faces.push_back(std::move(face));
  }
  Json picture{{"faces", faces}};
  if (result.estimates.empty()) picture.update({{"age", nullptr}, {"reason", estimate::kNoFace}});
  return picture;
}

// To one picture as the body: a problem is the request's own. Of several each has its own.
HttpResponse answer_of(const estimate::Model& model, const std::vector<PictureResult>& results, const Asked& asked) {
  if (results.empty()) return busy_response("busy", "the request has waited too long: try again");
  if (asked.single && !results.front().faces.problem.empty()) {
    return problem_of(results.front().faces, asked.most_pixels);
  }
  Json pictures = Json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    Json picture;
    if (!asked.single) picture["file"] = base::as_utf8(asked.names[i]);
    if (results[i].faces.problem.empty()) {
      picture.update(to_json(model, results[i], asked.distribution));
    } else {
      picture.update(Json::parse(problem_of(results[i].faces, asked.most_pixels).body));
    }
    pictures.push_back(std::move(picture));
  }
  return {200, "application/json", dump({{"pictures", pictures}})};
}

}  // namespace

void check_options(const ServiceOptions& options) {
  if (options.http.certificate.empty() != options.http.key.empty()) {
    throw base::UsageError("a TLS certificate and its key are needed, or neither");
  }
  if (!is_loopback(options.http.address) && options.token.empty()) {
    throw base::UsageError("--address " + options.http.address +
                           " can be reached from other machines: give --token, or AGEWISE_TOKEN in the environment");
  }
  if (options.most_files > static_cast<std::size_t>(options.pipeline.waiting)) {
    throw base::UsageError("a request may not have more files than may wait");
  }
}

Service::Service(estimate::Model model, nn::Engine& engine, const ServiceOptions& options, const base::Clock& clock)
    : options_(options),
      access_rules_{options.names,
                    options.token,
                    {"/", "/page.js", "/style.css", "/chart.js", "/openapi.json"},
                    {"/healthz", "/readyz"}},
      pipeline_(std::move(model), engine, options.pipeline, metrics_, clock) {
  check_options(options);
  HttpHooks hooks;
  hooks.refuse = [this](const HttpRequest& head) { return refuse(head); };
  hooks.answer = [this](HttpRequest request, Reply reply) { answer(std::move(request), std::move(reply)); };
  hooks.before_sending = [this](const HttpRequest& head, HttpResponse& response, double seconds) {
    metrics_.request(file_of(kPaths, head.path) == nullptr ? "other" : head.path, response.status, seconds);
    put_safety_headers(response);
  };
  server_ = std::make_unique<HttpServer>(options.http, std::move(hooks), clock);
}

Service::~Service() {
  server_->finish(options_.http.request_seconds);
  pipeline_.drain();
}

std::optional<HttpResponse> Service::refuse(const HttpRequest& head) const {
  if (auto refusal = refusal_of(access_rules_, head)) return refusal;
  if (file_of(kPaths, head.path) == nullptr) return no_such_path();
  if (head.path == kEstimate) return head.method == "POST" ? std::nullopt : std::optional(wrong_method("POST"));
  return refusal_of_writing(head);
}

void Service::answer(HttpRequest request, Reply reply) {
  if (request.path == kEstimate) return estimate(std::move(request), std::move(reply));
  if (request.path == "/healthz") return reply({200, "application/json", R"({"status":"ok"})"});
  if (request.path == "/readyz") return reply(readiness());
  if (request.path == "/v1/model") return reply({200, "application/json", dump(estimate::card_of(pipeline_.model()))});
  if (request.path == "/metrics") {
    return reply({200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text(pipeline_.waiting())});
  }
  reply(*page_file(file_of(kPaths, request.path)));
}

// Not ready while no picture would be taken; while it stops the server itself answers with 503.
HttpResponse Service::readiness() const {
  if (pipeline_.waiting() < static_cast<std::size_t>(options_.pipeline.waiting))
    return {200, "application/json", R"({"status":"ready"})"};
  return busy_response("busy", "too many pictures are waiting");
}

void Service::estimate(HttpRequest request, Reply reply) try {
  Asked asked{{},
              !is_kind(request.header("content-type"), "multipart/"),
              wants_distribution(request),
              options_.pipeline.max_pixels};
  PictureJob job;
  job.client = request.client;
  for (FormPart& part : pictures_of(request, options_.most_files)) {
    job.pictures.push_back(part.content);
    asked.names.push_back(std::move(part.file));
  }
  job.body = std::move(request.body);  // its bytes stay where they are
  auto held = std::make_shared<Reply>(std::move(reply));
  job.done = [this, held, asked = std::move(asked)](const std::vector<PictureResult>& results) {
    (*held)(answer_of(pipeline_.model(), results, asked));
  };
  if (!pipeline_.submit(job)) {
    (*held)(busy_response("busy", "too many pictures are waiting: try again"));
  }
} catch (Refused& refused) {
  reply(std::move(refused.response));
}

}  // namespace agewise::serve
