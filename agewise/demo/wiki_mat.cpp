#include "agewise/demo/wiki_mat.h"

#include <matio.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include "agewise/base/error.h"

namespace agewise::demo {
namespace {

struct CloseMat {
  void operator()(mat_t* mat) const { Mat_Close(mat); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

// By value because matio takes no pointers to const, though it copies.
matvar_t* numbers(const char* name, std::vector<double> values) {
  std::size_t dimensions[2] = {1, values.size()};
  return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dimensions, values.data(), 0);
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
matvar_t* text(std::string value) {
  std::vector<std::uint16_t> units = utf16(value);
  std::size_t dimensions[2] = {units.empty() ? 0U : 1U, units.size()};
  if (units.size() == value.size())
    return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF8, 2, dimensions, value.data(), 0);
  return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF16, 2, dimensions, units.data(), 0);
}

matvar_t* number_field(const char* name, const std::vector<WikiRow>& rows, double WikiRow::*member) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const WikiRow& row : rows) values.push_back(row.*member);
  return numbers(name, std::move(values));
}

matvar_t* cell_field(const char* name, const std::vector<WikiRow>& rows,
                     const std::function<matvar_t*(const WikiRow&)>& cell_of) {
  std::vector<matvar_t*> cells;
  cells.reserve(rows.size());
  for (const WikiRow& row : rows) cells.push_back(cell_of(row));
  std::size_t dimensions[2] = {1, cells.size()};
  return Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, dimensions, cells.data(), 0);  // owns them now
}

matvar_t* box_cell(const WikiRow& row) {
  return numbers(nullptr, {row.face.left + 1, row.face.top + 1, row.face.right, row.face.bottom});
}

std::unique_ptr<matvar_t, FreeVariable> as_struct(const std::vector<WikiRow>& rows) {
  std::array<const char*, 8> names{"dob",  "photo_taken",   "full_path",  "gender",
                                   "name", "face_location", "face_score", "second_face_score"};
  std::array<matvar_t*, 8> fields{number_field(names[0], rows, &WikiRow::dob),
                                  number_field(names[1], rows, &WikiRow::photo_taken),
                                  cell_field(names[2], rows, [](const WikiRow& row) { return text(row.full_path); }),
                                  number_field(names[3], rows, &WikiRow::gender),
                                  cell_field(names[4], rows, [](const WikiRow& row) { return text(row.name); }),
                                  cell_field(names[5], rows, box_cell),
                                  number_field(names[6], rows, &WikiRow::face_score),
                                  number_field(names[7], rows, &WikiRow::second_face_score)};
  std::size_t one[2] = {1, 1};
  std::unique_ptr<matvar_t, FreeVariable> wiki(Mat_VarCreateStruct("wiki", 2, one, names.data(), names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) Mat_VarSetStructFieldByName(wiki.get(), names[i], 0, fields[i]);
  return wiki;
}

}  // namespace

void write_wiki_mat(const std::filesystem::path& file, const std::vector<WikiRow>& rows) {
  std::filesystem::path part = file;
  part += ".part";
  std::unique_ptr<mat_t, CloseMat> mat(Mat_CreateVer(part.c_str(), nullptr, MAT_FT_MAT5));
  if (!mat) throw base::file_error(file, "cannot be created");
  bool written = Mat_VarWrite(mat.get(), as_struct(rows).get(), MAT_COMPRESSION_ZLIB) == 0;
  mat.reset();
  std::error_code problem;
  if (written) std::filesystem::rename(part, file, problem);
  if (written && !problem) return;
  std::filesystem::remove(part, problem);
  throw base::file_error(file, "cannot be written: is the disk full?");
}

}  // namespace agewise::demo
