// matio's functions, as far as they are used, under their own names and types: the first call loads the library. With
// it come HDF5, curl and what they need, and every command would wait for them, though one reads .mat files.
#include <matio.h>

#include "agewise/base/late_library.h"

namespace {

static_assert(MATIO_MAJOR_VERSION == 1 && MATIO_MINOR_VERSION == 5, "the library's name below is of matio 1.5");

template <class Function>
Function* matio(const char* name) {
  static const agewise::LateLibrary kMatio("libmatio.so.11");
  return kMatio.function<Function>(name);
}

}  // namespace

int Mat_LogInitFunc(const char* program, void (*log)(int level, char* message)) {
  return matio<decltype(Mat_LogInitFunc)>("Mat_LogInitFunc")(program, log);
}
mat_t* Mat_Open(const char* file, int mode) { return matio<decltype(Mat_Open)>("Mat_Open")(file, mode); }
mat_t* Mat_CreateVer(const char* file, const char* header, enum mat_ft version) {
  return matio<decltype(Mat_CreateVer)>("Mat_CreateVer")(file, header, version);
}
int Mat_Close(mat_t* mat) { return matio<decltype(Mat_Close)>("Mat_Close")(mat); }
matvar_t* Mat_VarRead(mat_t* mat, const char* name) { return matio<decltype(Mat_VarRead)>("Mat_VarRead")(mat, name); }
int Mat_VarWrite(mat_t* mat, matvar_t* variable, enum matio_compression compression) {
  return matio<decltype(Mat_VarWrite)>("Mat_VarWrite")(mat, variable, compression);
}
void Mat_VarFree(matvar_t* variable) { matio<decltype(Mat_VarFree)>("Mat_VarFree")(variable); }
matvar_t* Mat_VarCreate(const char* name, enum matio_classes kind, enum matio_types type, int rank, size_t* dims,
                        void* data, int options) {
  return matio<decltype(Mat_VarCreate)>("Mat_VarCreate")(name, kind, type, rank, dims, data, options);
}
matvar_t* Mat_VarCreateStruct(const char* name, int rank, size_t* dims, const char** fields, unsigned count) {
  return matio<decltype(Mat_VarCreateStruct)>("Mat_VarCreateStruct")(name, rank, dims, fields, count);
}
matvar_t* Mat_VarGetStructFieldByName(matvar_t* variable, const char* field, size_t index) {
  return matio<decltype(Mat_VarGetStructFieldByName)>("Mat_VarGetStructFieldByName")(variable, field, index);
}
matvar_t* Mat_VarSetStructFieldByName(matvar_t* variable, const char* name, size_t index, matvar_t* field) {
  return matio<decltype(Mat_VarSetStructFieldByName)>("Mat_VarSetStructFieldByName")(variable, name, index, field);
}
