#include "agewise/library/surroundings.h"

#include <dlfcn.h>
#include <link.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "agewise/base/error.h"
#include "agewise/train/run_folder.h"

namespace agewise::library {
namespace {

using Path = std::filesystem::path;

Path folder_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? Path(value) : Path();
}

// The program or shared library that this function is linked into. (The C library names the program "".)
Path own_file() {
  std::error_code unknown;
  Dl_info info{};
  link_map* map = nullptr;
  bool found =
      ::dladdr1(reinterpret_cast<const void*>(&own_file), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0;
  if (found && map != nullptr && map->l_name != nullptr && *map->l_name != '\0')
    return std::filesystem::canonical(map->l_name, unknown);
  return std::filesystem::read_symlink("/proc/self/exe", unknown);
}

}  // namespace

base::Clock steady_clock() {
  return [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
}

// A relative path in XDG_CACHE_HOME counts as none (XDG Base Directory Specification 0.8).
Path kernel_cache() {
  Path cache = folder_in("XDG_CACHE_HOME"), home = folder_in("HOME");
  if (!cache.is_absolute()) cache = home.is_absolute() ? home / ".cache" : Path();
  return cache.empty() ? Path() : cache / "agewise" / "kernels.json";
}

Path bundled_model(const std::string& name) {
  Path folder = own_file().parent_path();
  // Of bin/ and lib/ one level, of lib/x86_64-linux-gnu/ two.
  const std::array<Path, 4> places{folder / "models", folder / "../share/agewise/models",
                                   folder / "../../share/agewise/models", Path(AGEWISE_MODELS)};
  std::error_code unknown;
  for (const Path& place : places) {
    Path file = (place / (name + ".safetensors")).lexically_normal();
    if (std::filesystem::exists(file, unknown)) return file;
  }
  bool by_default = name == kDefaultModel;
  throw base::UsageError(fmt::format(
      "the bundled model {0}{2} is not at its place, {1}: install the package agewise-model-{0}, copy it there from "
      "models/ in the sources, or name another model{3}",
      name, (folder / "models" / (name + ".safetensors")).string(),
      by_default ? ", which is taken where none is named," : "",
      by_default ? ": \"permissive\" is not for research only" : ""));
}

Path named_model(const std::string& model) {
  if (std::ranges::find(kBundledModels, model) == kBundledModels.end()) return model;
  std::error_code unknown;
  bool taken = std::filesystem::is_regular_file(model, unknown) || train::is_run(model);
  return taken ? Path(model) : bundled_model(model);
}

}  // namespace agewise::library
