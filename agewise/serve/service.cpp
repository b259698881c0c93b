#include "agewise/serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/base/random.h"
#include "agewise/base/text.h"
#include "agewise/estimate/json.h"
#include "agewise/serve/json_body.h"
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
                            {"/docs", "docs.html"},
                            {"/docs.js", "docs.js"},
                            {"/openapi.json", "openapi.json"},
                            {"/healthz", ""},
                            {"/readyz", ""},
                            {"/metrics", ""},
                            {"/v1/model", ""},
                            {kEstimate, ""}};

// Of the pages and what they consist of, which anybody may see.
std::vector<std::string> page_paths() {
  std::vector<std::string> paths;
  for (const auto& [path, file] : kPaths) {
    if (*file != '\0') paths.emplace_back(path);
  }
  return paths;
}

// `kind` in small letters; "image/" is any kind of picture.
bool is_kind(std::string_view content_type, std::string_view kind) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  type = type.substr(0, type.find_last_not_of(" \t") + 1);
  if (kind.ends_with('/')) type = type.substr(0, kind.size());
  return std::equal(kind.begin(), kind.end(), type.begin(), type.end(),
                    [](char a, char b) { return a == (b | 32) || a == b; });
}

// The answer to a request in which something is wrong.
struct Refused {
  HttpResponse response;
};

constexpr const char* kAccepted = "image/*, application/octet-stream, multipart/form-data, application/json";

// What of a request its answer depends on, and its pictures.
struct Question {
  std::vector<std::string> names;  // of the files, if there may be several
  bool single = false, distribution = false;
  int at_least = 0;  // years; 0: not asked for
  std::uint64_t most_pixels = 0;
};

const std::string kParameters = "distribution, true or false, and at_least, whole years above 0";

// Of the query or a form's text field.
void set_parameter(std::string_view name, std::string_view value, Question& question) {
  bool is_known = false;
  if (name == "distribution") {
    is_known = value == "true" || value == "false";
    question.distribution = value == "true";
  } else if (name == "at_least") {
    const char* end = value.data() + value.size();
    auto [last, problem] = std::from_chars(value.data(), end, question.at_least);
    is_known = problem == std::errc() && last == end && question.at_least > 0;
  }
  if (!is_known) throw Refused{error_response(400, "bad_parameter", "the parameters are " + kParameters)};
}

struct Asked {
  Question question;
  PictureJob job;
};

void add_form(const HttpRequest& request, std::size_t most_files, Asked& asked) try {
  for (FormPart& part : parse_form(request.body, request.header("content-type"), most_files)) {
    if (part.is_file) {
      asked.job.pictures.push_back(part.content);
      asked.question.names.push_back(std::move(part.file));
    } else {
      std::string_view value(reinterpret_cast<const char*>(part.content.data()), part.content.size());
      set_parameter(part.field, value, asked.question);
    }
  }
  if (asked.job.pictures.empty()) throw BadForm("the form has no picture");
} catch (const BadForm& problem) {
  throw Refused{error_response(400, "bad_form",
                               std::string(problem.what()) +
                                   "; a form must have a file for each picture, and may have the text fields " +
                                   kParameters)};
}

// The decoded pictures take the body's place.
void add_json(HttpRequest& request, std::size_t most_files, Asked& asked) try {
  JsonBody body = parse_json_body(request.body, most_files);
  request.body = std::move(body.bytes);
  std::span<const std::byte> rest = request.body;
  for (std::size_t size : body.sizes) {
    asked.job.pictures.push_back(rest.first(size));
    rest = rest.subspan(size);
  }
  asked.question.single = !body.is_list;
  asked.question.distribution = body.distribution.value_or(asked.question.distribution);
  asked.question.at_least = body.at_least.value_or(asked.question.at_least);
} catch (const BadJson& problem) {
  throw Refused{error_response(400, "bad_json", problem.what())};
}

bool is_json(const HttpRequest& request) { return is_kind(request.header("content-type"), "application/json"); }

Asked read(HttpRequest request, const ServiceOptions& options, const estimate::Model& model) {
  Asked asked;
  asked.question.most_pixels = options.pipeline.max_pixels;
  asked.job.client = request.client;
  for (const auto& [name, value] : request.query) set_parameter(name, value, asked.question);
  std::string_view type = request.header("content-type");
  if (request.body.empty()) {
    throw Refused{error_response(400, "empty_body",
                                 std::string("the body must be a picture, or pictures: Content-Type ") + kAccepted)};
  }
  if (is_kind(type, "image/") || is_kind(type, "application/octet-stream")) {
    asked.question.single = true;
    asked.job.pictures.emplace_back(request.body);
  } else if (is_kind(type, "multipart/form-data")) {
    add_form(request, options.most_files, asked);
  } else if (is_json(request)) {
    add_json(request, options.most_files, asked);
  } else {
    HttpResponse response =
        error_response(415, "wrong_content_type", std::string("Content-Type must be one of ") + kAccepted);
    response.headers = {{"Accept", kAccepted}};  // RFC 9110, §15.5.16
    throw Refused{std::move(response)};
  }
  try {
    if (asked.question.at_least > 0) estimate::check_at_least(model, asked.question.at_least);
  } catch (const base::UsageError& problem) {
    throw Refused{error_response(400, "bad_parameter", problem.what())};
  }
  asked.job.body = std::move(request.body);  // its bytes stay where they are
  return asked;
}

bool has_too_many_pixels(const image::PictureInfo& info, std::uint64_t most) {
  return static_cast<std::uint64_t>(info.width) * static_cast<std::uint64_t>(info.height) > most;
}

HttpResponse problem_of(const face::PictureFaces& faces, std::uint64_t most_pixels) {
  if (has_too_many_pixels(faces.info, most_pixels)) return error_response(413, "too_many_pixels", faces.problem);
  return error_response(422, "unreadable_picture", faces.problem);
}

Json to_json(const estimate::Model& model, const PictureResult& result, const Question& question) {
  Json faces = Json::array();
  for (std::size_t i = 0; i < result.estimates.size(); ++i) {
    Json face = estimate::to_json(model, result.faces.cuts[i], result.faces.refusals[i], result.estimates[i],
                                  question.at_least);
    if (question.distribution && !face["age"].is_null())
      face["distribution"] = estimate::distribution_of(result.estimates[i]);
    faces.push_back(std::move(face));
  }
  Json picture{{"faces", faces}};
  if (result.estimates.empty()) picture.update({{"age", nullptr}, {"reason", estimate::kNoFace}});
  return picture;
}

// To one picture as the body: a problem is the request's own. Of several each has its own.
HttpResponse answer_of(const estimate::Model& model, const std::vector<PictureResult>& results,
                       const Question& question) {
  if (results.empty()) return busy_response("busy", "the request has waited too long: try again");
  if (question.single && !results.front().faces.problem.empty()) {
    return problem_of(results.front().faces, question.most_pixels);
  }
  Json pictures = Json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    Json picture;
    if (i < question.names.size()) picture["file"] = base::as_utf8(question.names[i]);
    if (results[i].faces.problem.empty()) {
      picture.update(to_json(model, results[i], question));
    } else {
      picture.update(base::parse_json(problem_of(results[i].faces, question.most_pixels).body));
    }
    pictures.push_back(std::move(picture));
  }
  return {200, "application/json", base::json_text_to_show(Json{{"pictures", pictures}})};
}

// What may stand in a log and a header as it is: letters, digits and a few marks, up to 128.
bool is_request_id(std::string_view text) {
  constexpr std::string_view kMarks = "-_.:+/=@";
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || kMarks.find(c) != std::string_view::npos;
  });
}

std::string new_request_id(std::uint64_t seed, std::uint64_t number) {
  auto bits = base::philox({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), 0, 0},
                           {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", bits[0], bits[1], bits[2], bits[3]);
}

std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
    if (method == known) return method;
  return "other";
}

}  // namespace

void check_options(const ServiceOptions& options) {
  if (options.http.certificate.empty() != options.http.key.empty()) {
    throw base::UsageError("give both a TLS certificate (--tls-cert) and its key (--tls-key), or neither");
  }
  if (!is_loopback(options.http.address) && options.token.empty()) {
    throw base::UsageError("--address " + options.http.address +
                           " can be reached from other machines: give --token, or AGEWISE_TOKEN in the environment");
  }
  if (options.most_files > static_cast<std::size_t>(options.pipeline.waiting)) {
    throw base::UsageError("--max-files must not be above --queue: a request may not have more pictures than may wait");
  }
}

Service::Service(estimate::Model model, nn::Engine& engine, const ServiceOptions& options, const base::Clock& clock)
    : options_(options),
      access_rules_{options.names, options.token, page_paths(), {"/healthz", "/readyz"}},
      pipeline_(std::move(model), engine, options.pipeline, metrics_, clock),
      packed_(std::size_t{options.http.connections} + 64) {
  check_options(options);
  HttpHooks hooks;
  hooks.refuse = [this](const HttpRequest& head) { return refuse(head); };
  hooks.answer = [this](HttpRequest request, Reply reply) { answer(std::move(request), std::move(reply)); };
  hooks.before_sending = [this](const HttpRequest& head, HttpResponse& response, double seconds) {
    finish_response(head, response, seconds);
  };
  server_ = std::make_unique<HttpServer>(options.http, std::move(hooks), clock);
  unpacker_ = std::thread([this] {
    while (auto packed = packed_.pop()) estimate_unpacked(std::move(packed->first), std::move(*packed->second));
  });
}

Service::~Service() {
  server_->finish(options_.http.request_seconds);
  packed_.close();
  unpacker_.join();
  pipeline_.drain();
}

void Service::finish_response(const HttpRequest& head, HttpResponse& response, double seconds) {
  std::string path = file_of(kPaths, head.path) == nullptr ? "other" : head.path;
  metrics_.request(path, response.status, seconds);
  put_safety_headers(response);
  std::string id(head.header("x-request-id"));
  if (!is_request_id(id)) id = new_request_id(options_.id_seed, requests_++);
  response.headers.emplace_back("X-Request-Id", id);
  if (options_.log) options_.log({id, head.client, known_method(head.method), path, response.status, seconds});
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
  if (request.path == "/v1/model")
    return reply({200, "application/json", base::json_text_to_show(estimate::card_of(pipeline_.model()))});
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

void Service::estimate(HttpRequest request, Reply reply) {
  if (!is_json(request)) return estimate_unpacked(std::move(request), std::move(reply));
  packed_.push({std::move(request), std::make_unique<Reply>(std::move(reply))});
}

void Service::estimate_unpacked(HttpRequest request, Reply reply) try {
  Asked asked = read(std::move(request), options_, pipeline_.model());
  auto held = std::make_shared<Reply>(std::move(reply));
  asked.job.done = [this, held, question = std::move(asked.question)](const std::vector<PictureResult>& results) {
    (*held)(answer_of(pipeline_.model(), results, question));
  };
  if (!pipeline_.submit(asked.job)) (*held)(busy_response("busy", "too many pictures are waiting: try again"));
} catch (Refused& refused) {
  reply(std::move(refused.response));
} catch (const std::exception&) {  // memory has run out; the reply, as it goes, answers with 500
}

}  // namespace agewise::serve
