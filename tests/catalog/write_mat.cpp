#include "tests/catalog/write_mat.h"

#include <matio.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace agewise::catalog {
namespace {

template <class T>
matvar_t* numbers_of(const char* name, matio_classes array_class, matio_types type, const std::vector<double>& values) {
  std::vector<T> typed(values.size());
  std::transform(values.begin(), values.end(), typed.begin(), [](double value) { return static_cast<T>(value); });
  std::size_t dims[2] = {1, typed.size()};
  return Mat_VarCreate(name, array_class, type, 2, dims, typed.data(), 0);
}

matvar_t* numbers(const char* name, const std::vector<double>& values, const std::string& as) {
  if (as == "int8") return numbers_of<std::int8_t>(name, MAT_C_INT8, MAT_T_INT8, values);
  if (as == "uint8") return numbers_of<std::uint8_t>(name, MAT_C_UINT8, MAT_T_UINT8, values);
  if (as == "int16") return numbers_of<std::int16_t>(name, MAT_C_INT16, MAT_T_INT16, values);
  if (as == "uint16") return numbers_of<std::uint16_t>(name, MAT_C_UINT16, MAT_T_UINT16, values);
  if (as == "int32") return numbers_of<std::int32_t>(name, MAT_C_INT32, MAT_T_INT32, values);
  if (as == "uint32") return numbers_of<std::uint32_t>(name, MAT_C_UINT32, MAT_T_UINT32, values);
  if (as == "int64") return numbers_of<std::int64_t>(name, MAT_C_INT64, MAT_T_INT64, values);
  if (as == "uint64") return numbers_of<std::uint64_t>(name, MAT_C_UINT64, MAT_T_UINT64, values);
  if (as == "single") return numbers_of<float>(name, MAT_C_SINGLE, MAT_T_SINGLE, values);
  if (as == "double") return numbers_of<double>(name, MAT_C_DOUBLE, MAT_T_DOUBLE, values);
  throw std::runtime_error("no class of numbers: " + as);
}

matvar_t* text(const char* name, std::string value) {
  std::size_t dims[2] = {value.empty() ? 0U : 1U, value.size()};
  return Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UTF8, 2, dims, value.data(), 0);
}

matvar_t* cells(const char* name, std::vector<matvar_t*> items) {
  std::size_t dims[2] = {1, items.size()};
  return Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, 2, dims, items.data(), 0);
}

matvar_t* make_field(const std::string& field, const std::vector<MatRow>& rows, const std::string& as) {
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
    if (field == "face_location") items.push_back(numbers(nullptr, row.face_location, as));
  }
  return items.empty() ? numbers(field.c_str(), values, as) : cells(field.c_str(), items);
}

matvar_t* make_celebrities(const std::string& field, std::size_t rows, const std::vector<std::string>& names) {
  if (field == "celeb_id") {
    std::vector<double> ids;
    for (std::size_t i = 0; i < rows; ++i) ids.push_back(static_cast<double>(i % names.size() + 1));
    return numbers("celeb_id", ids, "double");
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
                                                     : make_field(name, shorter, options.numbers_as);
    Mat_VarSetStructFieldByName(all, name.c_str(), 0, field);
  }
  Mat_VarWrite(mat, all, MAT_COMPRESSION_ZLIB);
  Mat_VarFree(all);
  Mat_Close(mat);
}

}  // namespace agewise::catalog
