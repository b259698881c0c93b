#include "agewise/base/sealed.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"

namespace agewise::base {
namespace {

constexpr std::size_t kDigits = 16;
constexpr std::string_view kJsonBegin = "\"checksum\":\"", kJsonEnd = "\"";
constexpr std::string_view kTomlBegin = "# checksum: ", kTomlEnd = "\n";

std::string digits_of_checksum(std::string_view text) {
  return checksum_text(checksum(std::as_bytes(std::span(text))));
}

// `text` without what stands from `begin`, the seal's first character, on, if that is one: `before` the digits, `after`
// them. Digits that are none are a broken seal.
Unsealed without(std::string_view text, std::size_t begin, std::string_view before, std::string_view after) {
  std::size_t digits = begin + before.size(), end = digits + kDigits + after.size();
  if (end > text.size() || text.substr(digits + kDigits, after.size()) != after)
    return {std::string(text), SealState::broken};
  std::string rest(text.substr(0, begin));
  rest += text.substr(end);
  bool whole = text.substr(digits, kDigits) == digits_of_checksum(rest);
  return {std::move(rest), whole ? SealState::whole : SealState::broken};
}

}  // namespace

std::string hash_of_file(const std::filesystem::path& file, const std::function<void(std::uint64_t)>& done) {
  int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw system_error(file, "cannot open", errno);
  ContentHasher hasher;
  std::uint64_t bytes = 0;
  std::vector<std::byte> piece(1 << 20);
  ssize_t n = 0;
  try {
    while ((n = ::read(descriptor, piece.data(), piece.size())) != 0) {
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error(file, "cannot read", errno);
      hasher.add(std::span(piece).first(static_cast<std::size_t>(n)));
      if (done) done(bytes += static_cast<std::uint64_t>(n));
    }
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
  return hasher.hash();
}

std::string sealed_json(std::string_view object) {
  std::size_t end = object.rfind('}');
  std::size_t last = object.find_last_not_of(" \n", end - 1);  // what the object's own } follows
  std::string sealed(object.substr(0, last + 1));
  if (object[last] != '{') sealed += ',';
  sealed += kJsonBegin;
  sealed += digits_of_checksum(object);
  sealed += kJsonEnd;
  sealed += object.substr(last + 1);
  return sealed;
}

std::string sealed_toml(std::string_view text) {
  return std::string(text) + std::string(kTomlBegin) + digits_of_checksum(text) + std::string(kTomlEnd);
}

Unsealed unsealed(std::string_view text) {
  if (text.starts_with('{')) {
    std::size_t begin = text.rfind(kJsonBegin);
    if (begin == std::string_view::npos || begin == 0) return {std::string(text)};
    bool comma = text[begin - 1] == ',';
    std::string before = (comma ? "," : "") + std::string(kJsonBegin);
    return without(text, begin - (comma ? 1 : 0), before, kJsonEnd);
  }
  std::size_t begin = text.rfind(kTomlBegin);
  if (begin == std::string_view::npos || (begin > 0 && text[begin - 1] != '\n')) return {std::string(text)};
  return without(text, begin, kTomlBegin, kTomlEnd);
}

std::string read_sealed_file(const std::filesystem::path& file, std::uint64_t limit, const std::string& remedy) {
  Unsealed read = unsealed(read_text_file(file, limit));
  if (read.state == SealState::broken)
    throw file_error(file, "is damaged: its contents do not match its checksum; restore a copy of it, or " + remedy);
  return std::move(read.text);
}

}  // namespace agewise::base
