#include "agewise/catalog/mat5.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "agewise/base/error.h"

namespace agewise::catalog::mat5 {
namespace {

constexpr std::uint64_t kMostElements = 4'000'000;                  // of any array: nine times IMDb's rows
constexpr std::uint64_t kLargestVariable = std::uint64_t{1} << 29;  // bytes, unpacked: four times imdb.mat's
constexpr std::size_t kNameReach = 256;                             // a variable's name stands within its first bytes
constexpr std::size_t kLongestName = 64;                            // of a field, with the zero behind it
constexpr std::size_t kMostFields = 1024;

bool fits_numbers(const Element& data, std::uint64_t count) {
  std::size_t size = bytes_of_number(data.type);
  return size > 0 && data.data.size() == count * size;
}

// In UTF-8 the dimensions count bytes or UTF-16 units, by the program that wrote them.
bool fits_text(const Element& data, std::uint64_t count) {
  std::size_t size = data.data.size();
  if (data.type == kUtf8) return size >= count && size <= 3 * count;
  if (data.type == kUtf16 || data.type == kUint16) return size == 2 * count;
  if (data.type == kUtf32) return size == 4 * count;
  return (data.type == kInt8 || data.type == kUint8) && size == count;
}

// Throws unless the header is that of MAT v5, little-endian.
void check_header(const std::filesystem::path& file, Bytes content) {
  constexpr std::string_view kHdf5 = "\x89HDF";
  std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  bool whole = text.size() >= kHeaderSize;
  std::string_view version = whole ? text.substr(124, 4) : std::string_view{};
  if (text.starts_with(kHdf5) || version == std::string_view("\x00\x02IM", 4))
    throw base::file_error(
        file, "is a MATLAB 7.3 (HDF5) file; save it in MATLAB with -v7 (for CACD, use celebrity2000_meta.mat)");
  if (version == std::string_view("\x01\x00MI", 4))
    throw base::file_error(file, "was written on a big-endian machine; save it with -v7 on a little-endian one");
  if (version != std::string_view("\x00\x01IM", 4))
    throw base::file_error(file, "is not a MATLAB file of version 5 to 7, or is cut short in its header");
}

// Takes the next variable off `rest`.
VariableBytes next_variable(const std::filesystem::path& file, Bytes& rest) {
  Bytes here = rest;
  std::optional<Element> variable = take_element(rest);
  if (!variable) throw base::file_error(file, "is cut short: its last variable is incomplete");
  return {file, *variable, here.first(here.size() - rest.size())};
}

// The name of the variable of which `head` is the beginning; empty if it cannot be told.
std::string name_in(Bytes head) {
  if (head.size() < 8 || word_at(head, 0) != kMatrix) return {};
  Bytes rest = head.subspan(8);
  take_element(rest);  // flags
  take_element(rest);  // dimensions
  std::optional<Element> name = take_element(rest);
  return name ? std::string(reinterpret_cast<const char*>(name->data.data()), name->data.size()) : std::string();
}

}  // namespace

std::vector<std::string> names_of_variables(const std::filesystem::path& file) {
  base::MappedFile mapped = base::MappedFile::read_only(file);
  check_header(file, mapped.bytes());
  std::vector<std::string> names;
  for (Bytes rest = mapped.bytes().subspan(kHeaderSize); !rest.empty();)
    names.push_back(name_in(next_variable(file, rest).peek(kNameReach)));
  return names;
}

StructReader::StructReader(const std::filesystem::path& file, std::initializer_list<std::string_view> names)
    : file_(file), mapped_(base::MappedFile::read_only(file)) {
  open(names);
  Bytes tag = bytes_->peek(8);
  if (tag.size() == 8 && word_at(tag, 4) > kLargestVariable)
    fail_here("would unpack to more than 512 MiB, the limit; the label files of IMDB-WIKI and CACD are smaller");
  Head variable = array(8 + kLargestVariable);
  end_ = variable.end;
  if (variable.array_class != kStructClass || variable.count != 1)
    fail_here("is not a 1×1 struct, as in the label files of IMDB-WIKI and CACD");
  read_field_names();
}

// Finds the variable.
void StructReader::open(std::initializer_list<std::string_view> names) {
  check_header(file_, mapped_.bytes());
  for (Bytes rest = mapped_.bytes().subspan(kHeaderSize); !rest.empty();) {
    bytes_.emplace(next_variable(file_, rest));
    name_ = name_in(bytes_->peek(kNameReach));
    if (std::find(names.begin(), names.end(), name_) != names.end()) return;
  }
  throw base::file_error(file_, fmt::format("has no struct called {}", fmt::join(names, " or ")));
}

void StructReader::read_field_names() {
  Bytes width = element_of(kInt32, end_, 4);
  std::size_t length = width.size() == 4 ? word_at(width, 0) : 0;
  if (length < 1 || length > kLongestName) fail_here("has no field names");
  Bytes text = element_of(kInt8, end_, length * kMostFields);
  if (text.empty() || text.size() % length != 0) fail_here("has no field names");
  for (; !text.empty(); text = text.subspan(length)) {
    const char* begin = reinterpret_cast<const char*>(text.data());
    std::size_t size = ::strnlen(begin, length);
    std::string field(begin, size);
    bool printable = std::all_of(field.begin(), field.end(), [](char c) { return c > ' ' && c < 127; });
    if (size == 0 || size == length || !printable) fail_here("has a field without a name");
    if (std::find(fields_.begin(), fields_.end(), field) != fields_.end()) fail(field, "appears twice");
    fields_.push_back(field);
  }
}

std::optional<Field> StructReader::next() {
  if (unread_ && field_.array_class == kCellClass) cells([](std::size_t, const Array&) {});
  if (unread_) leaf(field_);
  if (next_ == fields_.size()) {
    if (bytes_->position() != end_) fail_here("has data after its last field");
    bytes_->finish();
    return std::nullopt;
  }
  ++next_;
  field_ = array(end_);
  unread_ = true;
  return Field{fields_[next_ - 1], field_.count};
}

void StructReader::numbers(const std::function<void(std::size_t, double)>& take) {
  if (field_.array_class < kDoubleClass || field_.array_class > kUint64Class) fail_here("is not an array of numbers");
  Array array = leaf(field_);
  for (std::size_t i = 0; i < array.count; ++i) take(i, number_at(array, i));
}

void StructReader::cells(const std::function<void(std::size_t, const Array&)>& take) {
  if (field_.array_class != kCellClass) fail_here("is not a cell array");
  unread_ = false;
  for (std::size_t i = 0; i < field_.count; ++i) {
    cell_ = i;
    Head cell = array(field_.end);
    take(i, leaf(cell));
  }
  cell_.reset();
  if (bytes_->position() != field_.end) fail_here("has data after its last cell");
}

// The next `size` bytes, which must lie before `end`; valid until the next call.
Bytes StructReader::take(std::uint64_t size, std::uint64_t end) {
  if (size > end - bytes_->position()) fail_here(fmt::format("is damaged at its byte {}", bytes_->position()));
  return bytes_->take(size);
}

// The next element, of at most so many bytes.
Element StructReader::element(std::uint64_t end, std::uint64_t most) {
  Bytes first = take(8, end);
  std::optional<Tag> tag = tag_in(first);
  if (!tag || tag->size > most) fail_here(fmt::format("is damaged at its byte {}", bytes_->position() - 8));
  Bytes data = tag->small ? first.subspan(4) : take(tag->size_behind(), end);
  return {tag->type, data.first(tag->size)};
}

Bytes StructReader::element_of(std::uint32_t type, std::uint64_t end, std::uint64_t most) {
  Element found = element(end, most);
  if (found.type != type) fail_here("is damaged: it holds data of the wrong type");
  return found.data;
}

StructReader::Head StructReader::array(std::uint64_t end) {
  std::optional<Tag> tag = tag_in(take(8, end));
  bool whole = tag && tag->type == kMatrix && !tag->small && tag->size % 8 == 0;
  if (!whole || tag->size > end - bytes_->position()) fail_here("is damaged: it is not an array");
  Head head;
  head.end = bytes_->position() + tag->size;
  if (tag->size == 0) return head;
  Bytes flags = element_of(kUint32, head.end, 8);
  if (flags.size() != 8) fail_here("is damaged: an array's header is too short");
  head.array_class = word_at(flags, 0) & 0xFF;
  if ((word_at(flags, 0) & kComplexFlag) != 0) fail_here("holds complex numbers");
  head.count = count_in(element_of(kInt32, head.end, 32));
  element_of(kInt8, head.end, kNameReach);  // name
  return head;
}

std::uint64_t StructReader::count_in(Bytes dimensions) const {
  if (dimensions.size() < 8 || dimensions.size() % 4 != 0) fail_here("is damaged: an array's header is too short");
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < dimensions.size(); i += 4) {
    count *= word_at(dimensions, i);
    if (count > kMostElements) fail_here(fmt::format("has more than {} elements", kMostElements));
  }
  return count;
}

// The rest of an array of numbers or text.
Array StructReader::leaf(const Head& head) {
  unread_ = false;
  if (head.array_class == 0) return {};
  bool is_text = head.array_class == kCharClass;
  if (!is_text && (head.array_class < kDoubleClass || head.array_class > kUint64Class))
    fail_here("holds something other than numbers and text");
  if (head.count == 0 && bytes_->position() == head.end) return {is_text, 0, 0, {}};
  Element data = element(head.end, 8 * head.count);
  bool fits = is_text ? fits_text(data, head.count) : fits_numbers(data, head.count);
  if (!fits || bytes_->position() != head.end) fail_here("is damaged: its data do not fit its dimensions");
  return {is_text, data.type, head.count, data.data};
}

void StructReader::fail(std::string_view field, const std::string& problem) const {
  throw base::file_error(file_, fmt::format("field {}.{} {}", name_, field, problem));
}

// In MATLAB's notation: wiki.full_path{1} is the first cell.
void StructReader::fail_here(const std::string& problem) const {
  if (next_ == 0) throw base::file_error(file_, fmt::format("{} {}", name_, problem));
  const std::string& field = fields_[next_ - 1];
  fail(cell_ ? fmt::format("{}{{{}}}", field, *cell_ + 1) : field, problem);
}

}  // namespace agewise::catalog::mat5
