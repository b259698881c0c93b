// The bytes of a MAT v5 file: data elements, each a type, a length and as many bytes, padded to eight.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace agewise::catalog::mat5 {

inline constexpr std::size_t kHeaderSize = 128;

// Types of data elements.
inline constexpr std::uint32_t kInt8 = 1, kUint8 = 2, kInt16 = 3, kUint16 = 4, kInt32 = 5, kUint32 = 6, kSingle = 7,
                               kDouble = 9, kMatrix = 14, kCompressed = 15, kUtf8 = 16, kUtf16 = 17;

// Classes of arrays. The numeric ones run from double to uint32.
inline constexpr std::uint32_t kCell = 1, kStruct = 2, kChar = 4, kFirstNumeric = 6, kLastNumeric = 13;
inline constexpr std::uint32_t kComplexFlag = 0x0800;

struct Element {
  std::uint32_t type = 0;
  bool small = false;  // its data, up to four bytes, stand within the tag
  std::span<const std::byte> data;
};

// Little-endian. `at` + 4 must be within `bytes`.
inline std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

// Takes the first element, with its padding, off `rest`; nullopt, and `rest` as it was, where that has not so many
// bytes.
inline std::optional<Element> take_element(std::span<const std::byte>& rest) {
  if (rest.size() < 8) return std::nullopt;
  Element element;
  std::uint32_t first = word_at(rest, 0);
  if (first >> 16 != 0) {
    if (first >> 16 > 4) return std::nullopt;
    element = {first & 0xFFFF, true, rest.subspan(4, first >> 16)};
    rest = rest.subspan(8);
    return element;
  }
  std::uint64_t size = word_at(rest, 4), padded = first == kCompressed ? size : (size + 7) / 8 * 8;
  if (padded > rest.size() - 8) return std::nullopt;
  element = {first, false, rest.subspan(8, size)};
  rest = rest.subspan(8 + padded);
  return element;
}

}  // namespace agewise::catalog::mat5
