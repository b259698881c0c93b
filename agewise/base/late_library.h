// A shared library that is loaded when it is first needed, not with the program (cmake/late_libraries.cmake).
#pragma once

namespace agewise::base {

// Loaded for the life of the program. Any thread.
class LateLibrary {
 public:
  // `name` as the dynamic linker knows it: "libmatio.so.11". Throws Error if it is not installed.
  explicit LateLibrary(const char* name);

  // A function's address. Throws Error if the library has none of this name.
  void* find(const char* name) const;

 private:
  const char* name_;
  void* handle_;
};

}  // namespace agewise::base
