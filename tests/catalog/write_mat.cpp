#include "tests/catalog/write_mat.h"

#include <matio.h>

#include <stdexcept>

namespace agewise::catalog {
namespace {

matvar_t* numbers(const char* name, std::vector<double> values) {
  std::size_t dims[2] = {1, values.size()};
  return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, values.data(), 0);
}

matvar_t* text(const char* name, std::string value) {
  std::size_t dims[2] = {value.empty() ? 0U : 1U, value.size()};
  return Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UTF8, 2, dims, value.data(), 0);
}

matvar_t* cells(const char* name, std::vector<matvar_t*> items) {
  std::size_t dims[2] = {1, items.size()};
  return Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, dims, items.data(), 0);
}

matvar_t* make_field(const std::string& field, const std::vector<MatRow>& rows) {
  std::vector<double> values;
  std::vector<matvar_t*> items;
  for (const MatRow& row : rows) {
    if (field == "dob") values.push_back(row.dob);
    if (field == "photo_taken") values.push_back(row.photo_taken);
    if (field == "gender") values.push_back(row.gender);
    if (field == "face_score") values.push_back(row.face_score);
    if (field == "second_face_score") values.push_back(row.second_face_score);
    if (field == "full_path") items.push_back(text(nullptr, row.full_path));
    if (field == "name") items.push_back(text(nullptr, row.name));
    if (field == "face_location") items.push_back(numbers(nullptr, row.face_location));
  }
  return items.empty() ? numbers(field.c_str(), values) : cells(field.c_str(), items);
}

matvar_t* make_celebrities(const std::string& field, std::size_t rows, const std::vector<std::string>& names) {
  if (field == "celeb_id") {
    std::vector<double> ids;
    for (std::size_t i = 0; i < rows; ++i) ids.push_back(static_cast<double>(i % names.size() + 1));
    return numbers("celeb_id", ids);
  }
  std::vector<matvar_t*> items;
  for (const std::string& name : names) items.push_back(text(nullptr, name));
  return cells("celeb_names", items);
}

}  // namespace

void write_mat(const std::filesystem::path& file, const std::vector<MatRow>& rows, const MatOptions& options) {
  mat_t* mat = Mat_CreateVer(file.c_str(), nullptr, MAT_FT_MAT5);
  if (mat == nullptr) throw std::runtime_error("cannot create " + file.string());
  std::vector<std::string> names;
  for (const char* name :
       {"dob", "photo_taken", "full_path", "gender", "name", "face_location", "face_score", "second_face_score"}) {
    if (options.without_field != name) names.emplace_back(name);
  }
  if (!options.celebrities.empty()) {
    names.emplace_back("celeb_names");
    names.emplace_back("celeb_id");
  }
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  std::size_t one[2] = {1, 1};
  matvar_t* all =
      Mat_VarCreateStruct(options.variable.c_str(), 2, one, pointers.data(), static_cast<unsigned>(pointers.size()));
  for (const std::string& name : names) {
    std::vector<MatRow> shorter(rows.begin(), rows.end() - (options.short_field == name ? 1 : 0));
    matvar_t* field = options.mistyped_field == name ? text(name.c_str(), "x")
                      : name.starts_with("celeb_")   ? make_celebrities(name, rows.size(), options.celebrities)
                                                     : make_field(name, shorter);
    Mat_VarSetStructFieldByName(all, name.c_str(), 0, field);
  }
  Mat_VarWrite(mat, all, MAT_COMPRESSION_ZLIB);
  Mat_VarFree(all);
  Mat_Close(mat);
}

}  // namespace agewise::catalog
