// The bytes of a MAT v5 file: data elements, each a type, a length and as many bytes, padded to eight.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace agewise::catalog::mat5 {

using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kHeaderSize = 128;

// Types of data elements.
inline constexpr std::uint32_t kInt8 = 1, kUint8 = 2, kInt16 = 3, kUint16 = 4, kInt32 = 5, kUint32 = 6, kSingle = 7,
                               kDouble = 9, kInt64 = 12, kUint64 = 13, kMatrix = 14, kCompressed = 15, kUtf8 = 16,
                               kUtf16 = 17, kUtf32 = 18;

// Classes of arrays. The numeric ones run from double to uint64.
inline constexpr std::uint32_t kCellClass = 1, kStructClass = 2, kCharClass = 4, kDoubleClass = 6, kUint64Class = 15;
inline constexpr std::uint32_t kComplexFlag = 0x0800;

struct Tag {
  std::uint32_t type = 0;
  std::uint32_t size = 0;  // of the data, in bytes
  bool small = false;      // the data, up to four bytes, stand within the tag

  // Bytes of data and padding behind the tag.
  std::uint64_t size_behind() const {
    std::uint64_t whole = size;
    return small ? 0 : type == kCompressed ? whole : (whole + 7) / 8 * 8;
  }
};

struct Element {
  std::uint32_t type = 0;
  Bytes data;
};

// Little-endian. `at` + 4 must be within `bytes`.
inline std::uint32_t word_at(Bytes bytes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

// The tag in the first eight bytes of `bytes`; nullopt if no tag begins so.
inline std::optional<Tag> tag_in(Bytes bytes) {
  std::uint32_t first = word_at(bytes, 0);
  if (first >> 16 == 0) return Tag{first, word_at(bytes, 4), false};
  if (first >> 16 > 4) return std::nullopt;
  return Tag{first & 0xFFFF, first >> 16, true};
}

// Takes the first element, with its padding, off `rest`; nullopt, and `rest` as it was, where that has not so many
// bytes.
inline std::optional<Element> take_element(Bytes& rest) {
  std::optional<Tag> tag = rest.size() < 8 ? std::nullopt : tag_in(rest);
  if (!tag || tag->size_behind() > rest.size() - 8) return std::nullopt;
  Element element{tag->type, rest.subspan(tag->small ? 4 : 8, tag->size)};
  rest = rest.subspan(8 + tag->size_behind());
  return element;
}

}  // namespace agewise::catalog::mat5
