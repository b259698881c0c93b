// Requests out of bytes, by Boost.Beast's parser (RFC 9112), and stricter where a proxy in front could read them
// otherwise: what is doubtful is refused, never guessed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agewise/serve/http.h"

namespace agewise::serve {

// After it nothing more of the connection can be understood: it must be closed.
struct BadRequest {
  int status;
  std::string code, message;
};

class RequestParser {
 public:
  static constexpr std::size_t kLargestHead = std::size_t{32} << 10;  // bytes; also of what feed() is given at once

  // `take` is called with each piece of the body; what it throws goes through feed().
  explicit RequestParser(std::function<void(std::string_view)> take);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Returns how many bytes it has taken; the caller keeps the others, up to kLargestHead, and gives them again with
  // what follows. Stops after the head, so that the caller can look at it, and at the end of the request. Throws
  // BadRequest, of two Content-Lengths that differ, Content-Length beside Transfer-Encoding, any Transfer-Encoding but
  // "chunked", lines that do not end in CRLF, no Host or two, a zero or another control character in the path.
  std::size_t feed(std::string_view bytes);

  bool has_begun() const;
  bool head_done() const;
  bool done() const;
  // Of a request whose head is done:
  bool keeps_alive() const;
  bool is_http_1_1() const;
  std::optional<std::uint64_t> announced_size() const;  // none where the body comes in chunks
  const HttpRequest& request() const;                   // without body and client

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

// "/a%20b?x=1&y" into path and query, or "http://host/…", whose host becomes the request's. Throws BadRequest.
void read_target(std::string_view target, HttpRequest& request);

}  // namespace agewise::serve
