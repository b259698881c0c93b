#include "agewise/serve/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using Piece = boost::beast::string_view;

constexpr int kMostFields = 100;

std::string_view view(Piece piece) { return {piece.data(), piece.size()}; }

BadRequest bad(std::string message) { return {400, "bad_request", std::move(message)}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  throw bad("a % in the target is not followed by two hexadecimal digits");
}

std::string decoded(std::string_view text, bool plus_is_blank) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) hex_digit('\0');
      plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
    if (plain.back() == '\0') throw bad("a zero byte in the target");
  }
  return plain;
}

void read_query(std::string_view text, HttpRequest& request) {
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.empty()) continue;
    std::size_t equals = std::min(one.find('='), one.size());
    std::string_view value = one.substr(std::min(one.size(), equals + 1));
    request.query.emplace_back(decoded(one.substr(0, equals), true), decoded(value, true));
  }
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

void read_target(std::string_view target, HttpRequest& request) {
  bool absolute = false;
  for (std::string_view scheme : {"http://", "https://"}) {
    if (base::lower(target.substr(0, scheme.size())) != scheme) continue;
    target.remove_prefix(scheme.size());
    std::size_t end = std::min(target.find_first_of("/?"), target.size());
    request.headers["host"] = target.substr(0, end);
    target.remove_prefix(end);
    absolute = true;
    break;
  }
  bool is_path = target.starts_with('/') || target == "*" || (absolute && (target.empty() || target.front() == '?'));
  if (!is_path) throw bad("the target is not a path");
  if (target.find('#') != std::string_view::npos) throw bad("the target has a fragment");
  std::size_t query = std::min(target.find('?'), target.size());
  request.path = query == 0 ? "/" : decoded(target.substr(0, query), false);
  if (std::any_of(request.path.begin(), request.path.end(), is_control)) throw bad("a control character in the path");
  read_query(target.substr(std::min(target.size(), query + 1)), request);
}

class RequestParser::Parser : public http::basic_parser<true> {
 public:
  explicit Parser(std::function<void(std::string_view)> take) : take_(std::move(take)) {
    header_limit(kLargestHead);
    body_limit(std::numeric_limits<std::uint64_t>::max());  // is the caller's concern
  }

  HttpRequest request;
  int version = 11;
  std::size_t head_size = 0;

 private:
  void on_request_impl(http::verb, Piece method, Piece target, int minor, error_code&) override {
    request.method = view(method);
    version = minor;
    read_target(view(target), request);
    has_target_host_ = request.headers.contains("host");
  }

  void on_response_impl(int, Piece, int, error_code&) override {}

  void on_field_impl(http::field field, Piece name, Piece value, error_code&) override {
    if (is_header_done()) return;  // a trailer: nothing that anyone has asked for
    if (++fields_ > kMostFields) throw BadRequest{431, "header_too_large", "more than 100 header fields"};
    std::string key = base::lower(view(name));
    if (field == http::field::transfer_encoding && (base::lower(view(value)) != "chunked" || version < 11)) {
      throw bad("the only supported Transfer-Encoding is chunked, in HTTP/1.1");
    }
    if (field == http::field::host) {
      if (++hosts_ > 1) throw bad("more than one Host header");
      if (has_target_host_) return;  // RFC 9112, §3.2.2
    }
    std::string& place = request.headers[key];
    if (!place.empty()) place += ", ";
    place += view(value);
  }

  void on_header_impl(error_code&) override {
    if (version >= 11 && hosts_ == 0) throw bad("no Host header");
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Piece body, error_code&) override {
    take_(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, Piece, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Piece body, error_code&) override {
    take_(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  std::function<void(std::string_view)> take_;
  int fields_ = 0, hosts_ = 0;
  bool has_target_host_ = false;
};

RequestParser::RequestParser(std::function<void(std::string_view)> take)
    : parser_(std::make_unique<Parser>(std::move(take))) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  // An empty line before a request, which some clients send after a form, counts for nothing (RFC 9112, §2.2).
  if (!has_begun() && bytes.starts_with("\r\n")) return 2;
  if (!has_begun() && bytes == "\r") return 0;
  bool in_head = !head_done();
  parser_->eager(!in_head);
  error_code problem;
  std::size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), problem);
  if (in_head) parser_->head_size += used;
  bool is_stuck = problem == http::error::need_more && used == 0 && bytes.size() >= kLargestHead;
  if (problem == http::error::header_limit || parser_->head_size > kLargestHead || is_stuck) {
    throw BadRequest{431, "header_too_large", "the head of a request may have 32 KB at most"};
  }
  if (problem && problem != http::error::need_more) throw bad("not valid HTTP/1.1: " + problem.message());
  return used;
}

bool RequestParser::has_begun() const { return parser_->got_some(); }
bool RequestParser::head_done() const { return parser_->is_header_done(); }
bool RequestParser::done() const { return parser_->is_done(); }
bool RequestParser::keeps_alive() const { return parser_->keep_alive(); }
bool RequestParser::is_http_1_1() const { return parser_->version >= 11; }
const HttpRequest& RequestParser::request() const { return parser_->request; }

std::optional<std::uint64_t> RequestParser::announced_size() const {
  if (parser_->chunked()) return std::nullopt;
  boost::optional<std::uint64_t> size = parser_->content_length();
  return size ? *size : 0;
}

}  // namespace agewise::serve
