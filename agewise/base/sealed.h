// Small texts that carry a checksum (base/hash.h), so that a flipped byte in them is found: JSON as one more entry at
// the end of the object, `"checksum":"0123456789abcdef"`, TOML as a comment in the last line, `# checksum: …`. It is of
// the text without it. Whoever reads JSON or TOML reads them as ever; a text without a checksum counts as whole.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace agewise::base {

std::string sealed_json(std::string_view object);  // "{…}", which may be followed by a newline
std::string sealed_toml(std::string_view text);

// The content_hash() of a file, which is read in pieces of 1 MiB; `done` is told how many bytes that is. Throws Error
// naming the file if it cannot be read.
std::string hash_of_file(const std::filesystem::path& file, const std::function<void(std::uint64_t)>& done = {});

enum class SealState { absent, whole, broken };

struct Unsealed {
  std::string text;  // without the checksum
  SealState state = SealState::absent;
};

Unsealed unsealed(std::string_view text);

// The file's text without its checksum. Throws Error naming the file if its bytes are not those that were written, or
// as read_text_file() does; `remedy` says what to do, as in "begin a new run".
std::string read_sealed_file(const std::filesystem::path& file, std::uint64_t limit, const std::string& remedy);

}  // namespace agewise::base
