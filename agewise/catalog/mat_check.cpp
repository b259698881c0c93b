#include "agewise/catalog/mat_check.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"

namespace agewise {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr int kDeepest = 4;  // a cell in a struct's field, and one to spare
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 26;

enum Type : std::uint32_t {
  kInt8 = 1,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kSingle,
  kDouble = 9,
  kMatrix = 14,
  kCompressed,
  kUtf8,
  kUtf16,
  kUtf32
};
enum Class : std::uint32_t { kCell = 1, kStruct, kChar = 4, kFirstNumeric = 6, kLastNumeric = 13 };

struct Broken {
  const char* problem;
};

// Bytes one after the other: those of the file as they are, or what a compressed element unpacks to.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  virtual ~Reader() = default;
  virtual void read(void* to, std::size_t size) {
    if (size > bytes_.size()) throw Broken{"cut short"};
    if (size > 0) std::memcpy(to, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }
  virtual void skip(std::uint64_t size) {
    if (size > bytes_.size()) throw Broken{"cut short"};
    bytes_ = bytes_.subspan(size);
  }
  bool at_end() const { return bytes_.empty(); }
  std::span<const std::byte> take(std::size_t size) {
    std::span<const std::byte> piece = bytes_.first(std::min(size, bytes_.size()));
    if (piece.size() < size) throw Broken{"cut short"};
    bytes_ = bytes_.subspan(size);
    return piece;
  }

 private:
  std::span<const std::byte> bytes_;
};

class Inflater : public Reader {
 public:
  explicit Inflater(std::span<const std::byte> packed) : Reader(packed) {
    if (inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(packed.size());
  }
  ~Inflater() override { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void read(void* to, std::size_t size) override {
    stream_.next_out = static_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0) {
      int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && !(result == Z_STREAM_END && stream_.avail_out == 0))
        throw Broken{"its compressed part is cut short or damaged"};
    }
  }
  void skip(std::uint64_t size) override {
    std::array<std::byte, 4096> unused;
    for (; size > 0; size -= std::min<std::uint64_t>(size, unused.size()))
      read(unused.data(), std::min<std::uint64_t>(size, unused.size()));
  }

 private:
  z_stream stream_{};
};

struct Tag {
  std::uint32_t type, bytes;
  bool small;  // up to four bytes stand in the tag itself
  std::array<std::byte, 4> data;

  // With tag and padding to a multiple of eight.
  std::uint64_t total() const { return small ? 8 : 8 + (std::uint64_t{bytes} + 7) / 8 * 8; }
};

// Reads elements of a parent that has `left` bytes.
class Elements {
 public:
  Elements(Reader& reader, std::uint64_t left) : reader_(reader), left_(left) {}

  Tag tag() {
    std::array<std::uint32_t, 2> words{};
    take(8);
    reader_.read(words.data(), 8);
    Tag tag{words[0], words[1], (words[0] >> 16) != 0, {}};
    if (tag.small) {
      tag.bytes = words[0] >> 16;
      tag.type = words[0] & 0xFFFF;
      if (tag.bytes > 4) throw Broken{"a small element has more than four bytes"};
      std::memcpy(tag.data.data(), &words[1], 4);
    }
    return tag;
  }

  // The content of an element, at most `limit` bytes.
  std::vector<std::byte> content(const Tag& tag, std::size_t limit) {
    if (tag.bytes > limit) throw Broken{"an element is longer than it can be"};
    std::vector<std::byte> bytes(tag.bytes);
    if (tag.small) {
      std::copy_n(tag.data.begin(), tag.bytes, bytes.begin());
      return bytes;
    }
    take(tag.total() - 8);
    reader_.read(bytes.data(), bytes.size());
    reader_.skip(tag.total() - 8 - tag.bytes);
    return bytes;
  }

  void skip(const Tag& tag) {
    if (tag.small) return;
    take(tag.total() - 8);
    reader_.skip(tag.total() - 8);
  }

  void take(std::uint64_t bytes) {
    if (bytes > left_) throw Broken{"an element reaches beyond its parent"};
    left_ -= bytes;
  }
  std::uint64_t left() const { return left_; }
  Reader& reader() { return reader_; }

 private:
  Reader& reader_;
  std::uint64_t left_;
};

std::uint64_t bytes_of_type(std::uint32_t type) {
  switch (type) {
    case kInt8:
    case kUint8:
      return 1;
    case kInt16:
    case kUint16:
      return 2;
    case kInt32:
    case kUint32:
    case kSingle:
      return 4;
    case kDouble:
      return 8;
    default:
      throw Broken{"numbers of an unknown type"};
  }
}

template <class T>
std::vector<T> values_of(Elements& elements, std::uint32_t type, std::size_t most) {
  Tag tag = elements.tag();
  if (tag.type != type) throw Broken{"an element of another type than its place asks for"};
  std::vector<std::byte> bytes = elements.content(tag, most * sizeof(T));
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

void check_matrix(Elements& elements, int depth);

void check_matrices(Elements& elements, std::uint64_t count, int depth) {
  if (depth >= kDeepest) throw Broken{"nested too deep"};
  for (std::uint64_t i = 0; i < count; ++i) {
    Tag tag = elements.tag();
    if (tag.type != kMatrix || tag.small) throw Broken{"an element of another type than its place asks for"};
    elements.take(tag.bytes);
    if (tag.bytes % 8 != 0) throw Broken{"an element of an odd length"};
    Elements inner(elements.reader(), tag.bytes);
    if (tag.bytes > 0) check_matrix(inner, depth + 1);
  }
}

void check_struct(Elements& elements, std::uint64_t count, int depth) {
  std::vector<std::int32_t> name_length = values_of<std::int32_t>(elements, kInt32, 1);
  if (name_length.size() != 1 || name_length[0] < 1 || name_length[0] > 64)
    throw Broken{"field names of an impossible length"};
  std::vector<char> names = values_of<char>(elements, kInt8, 4096);
  auto length = static_cast<std::size_t>(name_length[0]);
  if (names.empty() || names.size() % length != 0) throw Broken{"a struct without fields"};
  for (std::size_t end = length - 1; end < names.size(); end += length) {
    if (names[end] != '\0') throw Broken{"a field name without end"};
  }
  check_matrices(elements, count * (names.size() / length), depth);
}

void check_matrix(Elements& elements, int depth) {
  std::vector<std::uint32_t> flags = values_of<std::uint32_t>(elements, kUint32, 2);
  if (flags.size() != 2) throw Broken{"an array without flags"};
  constexpr std::uint32_t kComplex = 0x0800;
  std::uint32_t kind = flags[0] & 0xFF;
  if ((flags[0] & kComplex) != 0) throw Broken{"complex numbers"};
  std::vector<std::int32_t> dimensions = values_of<std::int32_t>(elements, kInt32, 8);
  if (dimensions.size() < 2) throw Broken{"an array without dimensions"};
  std::uint64_t count = 1;
  for (std::int32_t dimension : dimensions) {
    if (dimension < 0) throw Broken{"a negative dimension"};
    count *= static_cast<std::uint32_t>(dimension);
    if (count > kMostElements) throw Broken{"an array of more elements than can be meant"};
  }
  values_of<char>(elements, kInt8, 64);  // its name
  if (kind == kStruct) {
    check_struct(elements, count, depth);
  } else if (kind == kCell) {
    check_matrices(elements, count, depth);
  } else if (kind == kChar || (kind >= kFirstNumeric && kind <= kLastNumeric)) {
    if (elements.left() == 0 && count == 0) return;
    Tag tag = elements.tag();
    bool text = kind == kChar && (tag.type == kUtf8 || tag.type == kUtf16);
    std::uint64_t width = text ? (tag.type == kUtf16 ? 2 : 1) : bytes_of_type(tag.type);
    if (kind == kChar && width > 2) throw Broken{"text of an unknown encoding"};
    if (!text && tag.bytes != count * width) throw Broken{"not as many numbers as the dimensions say"};
    if (text && (tag.bytes % width != 0 || tag.bytes / width > 4 * count || (tag.bytes == 0 && count > 0)))
      throw Broken{"text of another length than its dimensions say"};
    elements.skip(tag);
  } else {
    throw Broken{"an array of a kind that IMDB-WIKI has not"};
  }
  if (elements.left() > 0) throw Broken{"bytes behind an array's end"};
}

void check_variable(Reader& reader) {
  Elements top(reader, std::uint64_t{1} << 40);
  Tag tag = top.tag();
  if (tag.type != kMatrix || tag.small || tag.bytes % 8 != 0 || tag.bytes == 0)
    throw Broken{"a variable that is no array"};
  Elements inner(reader, tag.bytes);
  check_matrix(inner, 0);
}

void check_variables(Reader& file) {
  while (!file.at_end()) {
    std::array<std::uint32_t, 2> words{};
    std::span<const std::byte> tag = file.take(8);
    std::memcpy(words.data(), tag.data(), 8);
    std::span<const std::byte> content = file.take(words[1]);
    if (words[0] == kCompressed) {
      Inflater inflater(content);
      check_variable(inflater);
    } else {
      Reader whole(std::span<const std::byte>(tag.data(), 8 + content.size()));
      check_variable(whole);
    }
  }
}

}  // namespace

void check_mat_structure(const std::filesystem::path& file) {
  MappedFile mapped = MappedFile::read_only(file);
  std::span<const std::byte> bytes = mapped.bytes();
  if (bytes.size() <= kHeaderBytes) throw file_error(file, "is cut short in its header");
  if (bytes[124] == std::byte{0} && bytes[125] == std::byte{2})
    throw file_error(file, "is a MATLAB 7.3 (HDF5) file; save it with -v7");
  if (bytes[126] != std::byte{'I'} || bytes[127] != std::byte{'M'})
    throw file_error(file, "is no little-endian MATLAB v5 file");
  try {
    Reader reader(bytes.subspan(kHeaderBytes));
    check_variables(reader);
  } catch (const Broken& broken) {
    throw file_error(file, fmt::format("is a broken MATLAB file, or none of IMDB-WIKI's: {}", broken.problem));
  }
}

}  // namespace agewise
