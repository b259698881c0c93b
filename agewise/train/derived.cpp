#include "agewise/train/derived.h"

#include "agewise/base/files.h"
#include "agewise/base/hash.h"

namespace agewise::train {
namespace {

constexpr std::uint64_t kMostBytesOfKey = 4096;

std::filesystem::path key_path(const DerivedFile& file) {
  return std::filesystem::path(file.path).replace_extension(".key");
}

std::string written_key(const DerivedFile& file) {
  std::filesystem::path path = key_path(file);
  return std::filesystem::exists(path) ? base::read_text_file(path, kMostBytesOfKey) : "";
}

}  // namespace

std::string key_of(recipe::Outcome outcome, const recipe::Recipe& recipe, const store::Store& store,
                   const std::string& others) {
  return "2:" + base::content_hash(recipe::determinants(outcome, recipe) + "\n" + store.content() + "\n" + others);
}

bool holds(const DerivedFile& file) {
  std::error_code none;
  if (!std::filesystem::exists(file.path) || (file.bytes && std::filesystem::file_size(file.path, none) != file.bytes))
    return false;
  std::string key = written_key(file);
  return key == file.key || key == file.old_key();
}

bool make_unless_it_holds(const DerivedFile& file, const std::function<void()>& make) {
  bool held = holds(file);
  if (!held) {
    std::filesystem::remove(file.path);  // before its key: a file without one may be an old one
    std::filesystem::remove(key_path(file));
    make();
  }
  if (!held || written_key(file) != file.key) base::write_file(key_path(file), file.key);
  return held;
}

}  // namespace agewise::train
