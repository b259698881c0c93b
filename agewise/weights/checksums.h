// Checksums (base/hash.h) of what a safetensors file holds, in its metadata under the name "agewise_checksums", as
// JSON:
// {"arrays": {NAME: "0123456789abcdef", …}, "rest": "…"}. An array's is of its bytes. The rest's is of the other texts
// of the metadata and of each array's name, type, shape and checksum, in the order of their names, not of the header's
// bytes: a program that writes the same arrays and texts in another way keeps them true. Other programs pass over them.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {

inline constexpr const char* kChecksumsText = "agewise_checksums";

struct Checksums {
  std::map<std::string, std::uint64_t> arrays;
  std::uint64_t rest = 0;
};

// Of a file with this header, whose arrays have these checksums. kChecksumsText counts nowhere.
Checksums checksums_of(const SafetensorsHeader& header, std::map<std::string, std::uint64_t> arrays);

std::string to_text(const Checksums& checksums);

// What the header says; nothing: it has none. Throws Error, which does not name the file, if it is not what was
// written there, another array's checksum is there or one is missing, or the rest is not what it was.
std::optional<Checksums> read_checksums(const SafetensorsHeader& header);

// Throws Error that names the array, but not the file, if its bytes are not what they were.
void check_array(const Checksums& checksums, const StoredTensor& tensor, std::span<const std::byte> file);

}  // namespace agewise::weights
