// Any body under any Content-Type is a form or a BadForm, and its parts lie within it.
#include <cstdlib>

#include "agewise/serve/multipart.h"

// The first line is the Content-Type.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view body = text.substr(std::min(end + 1, text.size()));
  try {
    for (const agewise::serve::FormPart& part :
         agewise::serve::parse_form(std::as_bytes(std::span(body)), text.substr(0, end), 20)) {
      const char* begin = reinterpret_cast<const char*>(part.content.data());
      if (begin < body.data() || begin + part.content.size() > body.data() + body.size()) std::abort();
    }
  } catch (const agewise::serve::BadForm&) {
  }
  return 0;
}
