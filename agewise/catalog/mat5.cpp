#include "agewise/catalog/mat5.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/mat5_elements.h"

namespace agewise::catalog {
namespace {

constexpr std::uint64_t kLargestVariable = std::uint64_t{1} << 29;  // bytes, unpacked: four times imdb.mat's
constexpr std::size_t kNameReach = 256;                             // a variable's name stands within its first bytes

using Bytes = std::span<const std::byte>;

struct EndInflating {
  void operator()(z_stream* stream) const { ::inflateEnd(stream); }
};

// Inflates piece by piece until the end or until `take` has had enough and says false. False: the data are damaged.
template <class Take>
bool inflate_pieces(Bytes packed, std::size_t piece_size, Take take) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  std::unique_ptr<z_stream, EndInflating> ended_at_return(&stream);
  std::vector<std::byte> piece(piece_size);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  bool more = true;
  while (more && state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    if (state == Z_OK || state == Z_STREAM_END) more = take(Bytes(piece).first(piece.size() - stream.avail_out));
  }
  return !more || state == Z_STREAM_END;
}

// The name of the variable in an array element of which `head` is the beginning; empty if it cannot be told.
std::string name_in(Bytes head) {
  if (head.size() < 8 || mat5::word_at(head, 0) != mat5::kMatrix) return {};
  Bytes rest = head.subspan(8);
  mat5::take_element(rest);  // flags
  mat5::take_element(rest);  // dimensions
  std::optional<mat5::Element> name = mat5::take_element(rest);
  return name ? std::string(reinterpret_cast<const char*>(name->data.data()), name->data.size()) : std::string();
}

std::string name_of(const mat5::Element& element, Bytes with_tag) {
  if (element.type != mat5::kCompressed) return name_in(with_tag.first(std::min(with_tag.size(), kNameReach)));
  std::string name;
  inflate_pieces(element.data, kNameReach, [&](Bytes head) {
    name = name_in(head);
    return false;
  });
  return name;
}

void unpack(const std::filesystem::path& file, Bytes packed, MemoryFile& target) {
  std::uint64_t size = 0;
  bool sound = inflate_pieces(packed, std::size_t{1} << 20, [&](Bytes piece) {
    size += piece.size();
    if (size > kLargestVariable) throw base::file_error(file, "unpacks to more than 512 MiB: IMDB-WIKI's do not");
    target.append(piece);
    return true;
  });
  if (!sound) throw base::file_error(file, "is damaged or cut short: its compressed data cannot be unpacked");
}

// Throws unless the header is that of MAT v5, little-endian.
void check_header(const std::filesystem::path& file, Bytes content) {
  constexpr std::string_view kHdf5 = "\x89HDF";
  std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  bool whole = text.size() >= mat5::kHeaderSize;
  std::string_view version = whole ? text.substr(124, 4) : std::string_view{};
  if (text.starts_with(kHdf5) || version == std::string_view("\x00\x02IM", 4))
    throw base::file_error(file, "is a MATLAB 7.3 (HDF5) file; save it in MATLAB with -v7");
  if (version == std::string_view("\x01\x00MI", 4))
    throw base::file_error(file, "was written on a big-endian machine; save it on another with -v7");
  if (version != std::string_view("\x00\x01IM", 4))
    throw base::file_error(file, "is no MATLAB file of version 5 to 7, or is cut short in its header");
}

}  // namespace

MemoryFile::MemoryFile() : descriptor_(::memfd_create("agewise", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw base::system_error("memory", "cannot make a file", errno);
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void MemoryFile::append(Bytes piece) {
  while (!piece.empty()) {
    ssize_t written = ::write(descriptor_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw base::system_error("memory", "cannot write a file", errno);
    piece = piece.subspan(static_cast<std::size_t>(written));
  }
}

std::filesystem::path MemoryFile::path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

Mat5Struct extract_struct(const std::filesystem::path& file, std::initializer_list<std::string_view> names) {
  base::MappedFile mapped = base::MappedFile::read_only(file);
  Bytes content = mapped.bytes();
  check_header(file, content);
  Bytes rest = content.subspan(mat5::kHeaderSize);
  while (!rest.empty()) {
    Bytes here = rest;
    std::optional<mat5::Element> element = mat5::take_element(rest);
    if (!element) throw base::file_error(file, "is cut short: its last variable is not all there");
    Bytes with_tag = here.first(here.size() - rest.size());
    std::string name = name_of(*element, with_tag);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    Mat5Struct found{name, {}};
    found.file.append(content.first(mat5::kHeaderSize));
    element->type == mat5::kCompressed ? unpack(file, element->data, found.file) : found.file.append(with_tag);
    base::MappedFile unpacked = base::MappedFile::read_only(found.file.path());
    check_struct(file, name, unpacked.bytes().subspan(mat5::kHeaderSize));
    return found;
  }
  throw base::file_error(file, fmt::format("has no struct called {}", fmt::join(names, " or ")));
}

}  // namespace agewise::catalog
