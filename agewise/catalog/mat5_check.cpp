#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/catalog/mat5.h"
#include "agewise/catalog/mat5_elements.h"

namespace agewise::catalog {
namespace {

// Elements of any array: nine times IMDb's rows. matio takes about a kilobyte for each cell.
constexpr std::uint64_t kMostElements = 4'000'000;

// Bytes of a number of this type on disk; 0: no type of numbers that IMDB-WIKI uses.
std::size_t number_size(std::uint32_t type) {
  switch (type) {
    case mat5::kInt8:
    case mat5::kUint8:
      return 1;
    case mat5::kInt16:
    case mat5::kUint16:
      return 2;
    case mat5::kInt32:
    case mat5::kUint32:
    case mat5::kSingle:
      return 4;
    case mat5::kDouble:
      return 8;
    default:
      return 0;
  }
}

struct Array {
  std::uint32_t array_class;
  std::uint64_t count;              // of elements: the product of the dimensions
  std::span<const std::byte> rest;  // behind the name
};

// Walks the data elements of one variable and throws at the first that is not as it must be. Where the format leaves
// the writer a choice that matio's reader does not know (a tag of the other size), its way is the only one.
class Checker {
 public:
  Checker(const std::filesystem::path& file, std::string name, std::span<const std::byte> whole)
      : file_(file), whole_(whole), place_(std::move(name)) {}

  void check_variable() {
    std::span<const std::byte> rest = whole_;
    Array variable = array_in(take(rest));
    if (variable.array_class != mat5::kStruct || variable.count != 1) fail("is not the 1×1 struct of IMDB-WIKI");
    std::string variable_name = place_;
    for (const std::string& field : field_names(variable.rest)) {
      place_ = fmt::format("{}.{}", variable_name, field);
      check_field(take(variable.rest));
    }
    if (!variable.rest.empty()) fail("has something behind it");
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw base::file_error(file_, fmt::format("{} {}", place_, problem));
  }

  mat5::Element take(std::span<const std::byte>& rest) const {
    std::optional<mat5::Element> element = mat5::take_element(rest);
    if (!element) fail(fmt::format("is damaged at its byte {}", rest.data() - whole_.data()));
    return *element;
  }

  std::span<const std::byte> take_of(std::uint32_t type, std::span<const std::byte>& rest) const {
    mat5::Element element = take(rest);
    if (element.type != type) fail("is damaged: it holds another type of data than belongs here");
    return element.data;
  }

  Array array_in(const mat5::Element& element) const {
    if (element.type != mat5::kMatrix || element.data.size() % 8 != 0) fail("is damaged: it is no array");
    Array array{0, 1, element.data};
    std::span<const std::byte> flags = take_of(mat5::kUint32, array.rest);
    std::span<const std::byte> dimensions = take_of(mat5::kInt32, array.rest);
    take_of(mat5::kInt8, array.rest);  // name
    if (flags.size() != 8 || dimensions.size() < 8 || dimensions.size() > 32 || dimensions.size() % 4 != 0)
      fail("is damaged: an array's head is too short or too long");
    array.array_class = mat5::word_at(flags, 0) & 0xFF;
    if ((mat5::word_at(flags, 0) & mat5::kComplexFlag) != 0) fail("is complex");
    for (std::size_t i = 0; i < dimensions.size(); i += 4) {
      array.count *= mat5::word_at(dimensions, i);
      if (array.count > kMostElements) fail(fmt::format("has more than {} elements", kMostElements));
    }
    return array;
  }

  std::vector<std::string> field_names(std::span<const std::byte>& rest) const {
    mat5::Element width = take(rest), text = take(rest);
    bool typed = width.type == mat5::kInt32 && width.small && text.type == mat5::kInt8 && !text.small;
    std::size_t length = typed && width.data.size() == 4 ? mat5::word_at(width.data, 0) : 0;
    if (length < 1 || length > 64 || text.data.empty() || text.data.size() % length != 0)
      fail("has no names of fields");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < text.data.size(); i += length) {
      const char* begin = reinterpret_cast<const char*>(text.data.data()) + i;
      std::size_t size = ::strnlen(begin, length);
      if (size == 0 || size == length) fail("has a field without a name");
      names.emplace_back(begin, size);
    }
    return names;
  }

  void check_field(const mat5::Element& element) const {
    Array field = array_in(element);
    if (field.array_class != mat5::kCell) return check_leaf(field);
    for (std::uint64_t i = 0; i < field.count; ++i) {
      mat5::Element cell = take(field.rest);
      bool empty = cell.type == mat5::kMatrix && cell.data.empty();
      if (!empty) check_leaf(array_in(cell));
    }
    if (!field.rest.empty()) fail("has more cells than it says");
  }

  void check_leaf(Array array) const {
    bool is_char = array.array_class == mat5::kChar;
    if (!is_char && (array.array_class < mat5::kFirstNumeric || array.array_class > mat5::kLastNumeric))
      fail("holds something else than numbers and text");
    if (array.count == 0 && array.rest.empty()) return;
    mat5::Element data = take(array.rest);
    bool fits = is_char ? fits_text(data, array.count) : fits_numbers(data, array.count);
    if (!fits || !array.rest.empty()) fail("is damaged: its data do not fit its dimensions");
  }

  static bool fits_numbers(const mat5::Element& data, std::uint64_t count) {
    std::size_t size = number_size(data.type);
    return size > 0 && data.data.size() == count * size;
  }

  // In UTF-8 the dimensions count bytes or UTF-16 units, by the program that wrote them.
  static bool fits_text(const mat5::Element& data, std::uint64_t count) {
    if (data.type == mat5::kUtf8) return data.data.size() >= count && data.data.size() <= 3 * count;
    if (data.type == mat5::kUtf16 || data.type == mat5::kUint16) return data.data.size() == 2 * count;
    return (data.type == mat5::kInt8 || data.type == mat5::kUint8) && data.data.size() == count;
  }

  const std::filesystem::path& file_;
  std::span<const std::byte> whole_;
  std::string place_;  // for messages: "wiki.dob"
};

}  // namespace

void check_struct(const std::filesystem::path& file, const std::string& name, std::span<const std::byte> element) {
  Checker(file, name, element).check_variable();
}

}  // namespace agewise::catalog
