#include "demo/wiki_mat.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

#include "agewise/base/files.h"
#include "agewise/catalog/mat5_elements.h"

namespace agewise::demo {
namespace {

namespace mat5 = catalog::mat5;

// Data elements of the format, one behind the other.
class Elements {
 public:
  const std::vector<std::byte>& bytes() const { return bytes_; }

  void data(std::uint32_t type, std::span<const std::byte> content) {
    auto size = static_cast<std::uint32_t>(content.size());
    if (size > 0 && size <= 4) {
      word(size << 16 | type);
    } else {
      word(type);
      word(size);
    }
    bytes_.insert(bytes_.end(), content.begin(), content.end());
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
  }

  template <class T>
  void data(std::uint32_t type, const std::vector<T>& content) {
    data(type, std::as_bytes(std::span(content)));
  }

  void data(std::uint32_t type, std::string_view content) { data(type, std::as_bytes(std::span(content))); }

  // An array of rows × columns; `content` adds what is behind its name.
  template <class Content>
  void array(std::uint32_t array_class, std::string_view name, std::size_t rows, std::size_t columns, Content content) {
    word(mat5::kMatrix);
    std::size_t size_at = bytes_.size();
    word(0);
    data(mat5::kUint32, std::vector<std::uint32_t>{array_class, 0});
    data(mat5::kInt32, std::vector<std::int32_t>{static_cast<std::int32_t>(rows), static_cast<std::int32_t>(columns)});
    data(mat5::kInt8, name);
    content();
    auto size = static_cast<std::uint32_t>(bytes_.size() - size_at - 4);
    std::memcpy(bytes_.data() + size_at, &size, sizeof size);
  }

 private:
  void word(std::uint32_t value) {
    auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  std::vector<std::byte> bytes_;
};

void add_numbers(Elements& to, const std::vector<double>& values) {
  to.array(mat5::kDoubleClass, "", 1, values.size(), [&] { to.data(mat5::kDouble, values); });
}

// Code units of UTF-8 of at most three bytes a character; anything else becomes a question mark.
std::vector<std::uint16_t> utf16(const std::string& text) {
  std::vector<std::uint16_t> units;
  for (std::size_t i = 0; i < text.size();) {
    auto byte = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
    int length = byte(0) < 0x80 ? 1 : byte(0) >> 5 == 6 ? 2 : byte(0) >> 4 == 14 ? 3 : 0;
    unsigned unit = length == 1 ? byte(0) : length == 2 ? byte(0) & 31 : length == 3 ? byte(0) & 15 : '?';
    for (int k = 1; k < length; ++k) unit = unit << 6 | (byte(k) & 63);
    units.push_back(static_cast<std::uint16_t>(unit));
    i += std::max(1, length);
  }
  return units;
}

// UTF-8 while it is ASCII, else UTF-16, as MATLAB does.
void add_text(Elements& to, const std::string& text) {
  std::vector<std::uint16_t> units = utf16(text);
  to.array(mat5::kCharClass, "", units.empty() ? 0 : 1, units.size(), [&] {
    if (units.size() == text.size())
      to.data(mat5::kUtf8, text);
    else
      to.data(mat5::kUtf16, units);
  });
}

void add_number_field(Elements& to, const std::vector<WikiRow>& rows, double WikiRow::*member) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const WikiRow& row : rows) values.push_back(row.*member);
  add_numbers(to, values);
}

template <class AddCell>
void add_cell_field(Elements& to, const std::vector<WikiRow>& rows, AddCell add_cell) {
  to.array(mat5::kCellClass, "", 1, rows.size(), [&] {
    for (const WikiRow& row : rows) add_cell(row);
  });
}

void add_wiki(Elements& to, const std::vector<WikiRow>& rows) {
  constexpr std::size_t kNameLength = sizeof "second_face_score";  // of a field, with the zeros behind it
  to.array(mat5::kStructClass, "wiki", 1, 1, [&] {
    std::string names;
    for (const char* name :
         {"dob", "photo_taken", "full_path", "gender", "name", "face_location", "face_score", "second_face_score"})
      names += std::string(name).append(kNameLength - std::strlen(name), '\0');
    to.data(mat5::kInt32, std::vector<std::int32_t>{kNameLength});
    to.data(mat5::kInt8, names);
    add_number_field(to, rows, &WikiRow::dob);
    add_number_field(to, rows, &WikiRow::photo_taken);
    add_cell_field(to, rows, [&](const WikiRow& row) { add_text(to, row.full_path); });
    add_number_field(to, rows, &WikiRow::gender);
    add_cell_field(to, rows, [&](const WikiRow& row) { add_text(to, row.name); });
    add_cell_field(to, rows, [&](const WikiRow& row) {
      add_numbers(to, {row.face.left + 1, row.face.top + 1, row.face.right, row.face.bottom});
    });
    add_number_field(to, rows, &WikiRow::face_score);
    add_number_field(to, rows, &WikiRow::second_face_score);
  });
}

std::vector<std::byte> compressed(const std::vector<std::byte>& plain) {
  uLongf size = ::compressBound(plain.size());
  std::vector<std::byte> packed(size);
  int state = ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
                         plain.size());
  if (state != Z_OK) throw std::bad_alloc();  // nothing else can go wrong
  packed.resize(size);
  return packed;
}

}  // namespace

void write_wiki_mat(const std::filesystem::path& file, const std::vector<WikiRow>& rows) {
  Elements wiki;
  add_wiki(wiki, rows);
  std::vector<std::byte> packed = compressed(wiki.bytes());
  std::string header = "MATLAB 5.0 MAT-file, written by agewise";
  header.resize(mat5::kHeaderSize - 4, ' ');
  header += std::string_view("\x00\x01IM", 4);
  const std::uint32_t tag[]{mat5::kCompressed, static_cast<std::uint32_t>(packed.size())};
  base::FileWriter out(file);
  out.write(std::as_bytes(std::span(header)));
  out.write(std::as_bytes(std::span(tag)));
  out.write(packed);
  out.commit();
}

}  // namespace agewise::demo
