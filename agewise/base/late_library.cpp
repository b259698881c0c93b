#include "agewise/base/late_library.h"

#include <dlfcn.h>

#include <string>

#include "agewise/base/error.h"

namespace agewise::base {

LateLibrary::LateLibrary(const char* name) : name_(name), handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr)
    throw Error(std::string(name) + " cannot be loaded (" + ::dlerror() + "): install the package that has it");
}

void* LateLibrary::find(const char* name) const {
  void* found = ::dlsym(handle_, name);
  if (found == nullptr) throw Error(std::string(name_) + " has no function " + name);
  return found;
}

}  // namespace agewise::base
