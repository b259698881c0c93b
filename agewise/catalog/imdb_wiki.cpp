#include <fmt/format.h>
#include <malloc.h>
#include <matio.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <string>

#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/mat5.h"

namespace agewise::catalog {
namespace {

struct CloseMat {
  void operator()(mat_t* mat) const { Mat_Close(mat); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatFile = std::unique_ptr<mat_t, CloseMat>;
using Variable = std::unique_ptr<matvar_t, FreeVariable>;

// Elements of an array, whose dimensions have been checked.
std::size_t element_count(const matvar_t& variable) {
  return std::accumulate(variable.dims, variable.dims + variable.rank, std::size_t{1}, std::multiplies<>());
}

double number_at(const matvar_t& variable, std::size_t i) {
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
      return static_cast<const double*>(variable.data)[i];
    case MAT_C_SINGLE:
      return static_cast<const float*>(variable.data)[i];
    case MAT_C_INT8:
      return static_cast<const std::int8_t*>(variable.data)[i];
    case MAT_C_UINT8:
      return static_cast<const std::uint8_t*>(variable.data)[i];
    case MAT_C_INT16:
      return static_cast<const std::int16_t*>(variable.data)[i];
    case MAT_C_UINT16:
      return static_cast<const std::uint16_t*>(variable.data)[i];
    case MAT_C_INT32:
      return static_cast<const std::int32_t*>(variable.data)[i];
    case MAT_C_UINT32:
      return static_cast<const std::uint32_t*>(variable.data)[i];
    default:
      return kNotANumber;
  }
}

bool is_numeric(const matvar_t& variable) {
  return variable.class_type >= MAT_C_DOUBLE && variable.class_type <= MAT_C_UINT32;
}

std::size_t bytes_per_element(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
      return 8;
    case MAT_C_INT8:
    case MAT_C_UINT8:
      return 1;
    case MAT_C_INT16:
    case MAT_C_UINT16:
      return 2;
    default:
      return 4;
  }
}

// Whether the array really holds as many bytes as its dimensions promise.
bool is_whole(const matvar_t& variable, std::size_t element_bytes) {
  return variable.data != nullptr && variable.nbytes >= element_count(variable) * element_bytes;
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    text += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string from_utf16(const std::uint16_t* units, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    char32_t c = units[i];
    bool pair = c >= 0xD800 && c < 0xDC00 && i + 1 < count && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000;
    if (pair) c = 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00);
    if (!pair && c >= 0xD800 && c < 0xE000) c = 0xFFFD;  // half a pair is no character
    append_utf8(text, c);
  }
  return text;
}

std::string without_trailing(std::string text, std::string_view characters) {
  text.resize(text.find_last_not_of(characters) + 1);  // npos + 1 is 0
  return text;
}

// A char array as UTF-8, whichever of its encodings the file used; empty for anything else. The length counts
// characters in some files and bytes in others, so that zeros may follow.
std::string text_of(const matvar_t* variable) {
  if (variable == nullptr || variable->class_type != MAT_C_CHAR || variable->data == nullptr) return {};
  std::string text;
  switch (variable->data_type) {
    case MAT_T_UTF16:
    case MAT_T_UINT16:
      text = from_utf16(static_cast<const std::uint16_t*>(variable->data), variable->nbytes / 2);
      break;
    case MAT_T_UTF8:
    case MAT_T_UINT8:
    case MAT_T_INT8:
      text.assign(static_cast<const char*>(variable->data), variable->nbytes);
      break;
    default:
      break;
  }
  return without_trailing(std::move(text), std::string_view("\0", 1));
}

// The struct's field of this name, with as many elements as `rows` says (0: any number).
class Fields {
 public:
  Fields(const std::filesystem::path& file, std::string name, matvar_t* fields)
      : file_(file), name_(std::move(name)), fields_(fields) {}

  matvar_t* find(const char* field) const { return Mat_VarGetStructFieldByName(fields_, field, 0); }

  matvar_t* need(const char* field, std::size_t rows) const {
    matvar_t* found = find(field);
    if (found == nullptr) reject(field, "is missing");
    std::size_t count = element_count(*found);
    if (rows > 0 && count != rows) reject(field, fmt::format("has {} elements; full_path has {}", count, rows));
    return found;
  }

  std::vector<double> numbers(const char* field, std::size_t rows) const {
    const matvar_t* found = need(field, rows);
    if (!is_numeric(*found) || !is_whole(*found, bytes_per_element(*found)))
      reject(field, "is not an array of numbers");
    std::vector<double> values(rows);
    for (std::size_t i = 0; i < rows; ++i) values[i] = number_at(*found, i);
    return values;
  }

  // Hands each cell to `take` and frees it at once: the cells are most of what a file takes in memory.
  template <class Take>
  void consume_cells(const char* field, std::size_t rows, Take take) const {
    matvar_t* found = need(field, rows);
    if (found->class_type != MAT_C_CELL || !is_whole(*found, sizeof(matvar_t*))) reject(field, "is not a cell array");
    auto** cells = static_cast<matvar_t**>(found->data);
    std::size_t count = element_count(*found);
    for (std::size_t i = 0; i < count; ++i) {
      take(i, cells[i]);
      Mat_VarFree(cells[i]);
      cells[i] = nullptr;
    }
    malloc_trim(0);
  }

  [[noreturn]] void reject(const char* field, const std::string& problem) const {
    throw base::file_error(file_, fmt::format("field {}.{} {}", name_, field, problem));
  }

 private:
  const std::filesystem::path& file_;
  std::string name_;
  matvar_t* fields_;
};

// [x1 y1 x2 y2], 1-based and inclusive, to a box from 0 with right and bottom exclusive.
std::optional<image::Box> box_of(const matvar_t* cell) {
  if (cell == nullptr || !is_numeric(*cell) || element_count(*cell) != 4 || !is_whole(*cell, bytes_per_element(*cell)))
    return {};
  image::Box box{number_at(*cell, 0) - 1, number_at(*cell, 1) - 1, number_at(*cell, 2), number_at(*cell, 3)};
  bool finite =
      std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right) && std::isfinite(box.bottom);
  return finite ? std::optional(box) : std::nullopt;
}

Gender gender_of(double value) { return value == 0 ? Gender::female : value == 1 ? Gender::male : Gender::unknown; }

// By name, not by imdb.mat's number of a celebrity: the same person may be in wiki.mat too.
std::vector<base::Word> persons_of(const Fields& fields, std::size_t rows) {
  std::vector<base::Word> persons(rows);
  fields.consume_cells("name", rows, [&](std::size_t i, const matvar_t* cell) { persons[i] = text_of(cell); });
  if (fields.find("celeb_names") == nullptr || fields.find("celeb_id") == nullptr) return persons;
  std::vector<double> ids = fields.numbers("celeb_id", rows);
  std::vector<base::Word> names;
  fields.consume_cells("celeb_names", 0, [&](std::size_t, const matvar_t* cell) { names.emplace_back(text_of(cell)); });
  for (std::size_t i = 0; i < rows; ++i) {
    bool known = ids[i] >= 1 && ids[i] <= static_cast<double>(names.size());
    if (known) persons[i] = names[static_cast<std::size_t>(ids[i]) - 1];
  }
  return persons;
}

Catalog rows_of(const Fields& fields, const std::string& source) {
  std::size_t count = element_count(*fields.need("full_path", 0));
  std::vector<std::optional<image::Box>> faces(count);
  fields.consume_cells("face_location", count, [&](std::size_t i, const matvar_t* cell) { faces[i] = box_of(cell); });
  std::vector<std::string> files(count);
  fields.consume_cells("full_path", count,
                       [&](std::size_t i, const matvar_t* cell) { files[i] = without_trailing(text_of(cell), " \t"); });
  std::vector<base::Word> persons = persons_of(fields, count);
  std::vector<double> born = fields.numbers("dob", count), taken = fields.numbers("photo_taken", count);
  std::vector<double> gender = fields.numbers("gender", count), score = fields.numbers("face_score", count);
  std::vector<double> second = fields.numbers("second_face_score", count);

  Catalog catalog;
  catalog.kind = "IMDB-WIKI .mat";
  catalog.rows.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    CatalogRow& row = catalog.rows[i];
    row.file = std::move(files[i]);
    row.source = source;
    row.born = born[i];
    row.taken = taken[i];
    row.gender = gender_of(gender[i]);
    row.person = persons[i];
    row.face = faces[i];
    row.face_score = score[i];
    row.second_face_score = second[i];
    row.has_face_score = true;
  }
  return catalog;
}

}  // namespace

Catalog read_imdb_wiki(const std::filesystem::path& file) {
  Mat5Struct found = extract_struct(file, {"imdb", "wiki"});
  Mat_LogInitFunc("agewise", [](int, char*) {});  // its complaints would go to stderr
  MatFile mat(Mat_Open(found.file.path().c_str(), MAT_ACC_RDONLY));
  Variable variable(mat ? Mat_VarRead(mat.get(), found.name.c_str()) : nullptr);
  if (!variable || variable->class_type != MAT_C_STRUCT || variable->data == nullptr)
    throw base::file_error(file, fmt::format("its variable {} cannot be read", found.name));
  Catalog catalog = rows_of(Fields(file, found.name, variable.get()), found.name);
  variable.reset();
  malloc_trim(0);  // hundreds of megabytes for imdb.mat
  return catalog;
}

}  // namespace agewise::catalog
