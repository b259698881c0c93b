// A shared library that is loaded when it is first needed, not with the program.
#pragma once

namespace agewise {

// Loaded for the life of the program. Any thread.
class LateLibrary {
 public:
  // `name` as the dynamic linker knows it: "libmatio.so.11". Throws Error if it is not installed.
  explicit LateLibrary(const char* name);

  // Throws Error if the library has no such function.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(find(name));
  }

 private:
  void* find(const char* name) const;

  const char* name_;
  void* handle_;
};

}  // namespace agewise
