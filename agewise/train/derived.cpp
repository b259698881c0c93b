#include "agewise/train/derived.h"

#include <string_view>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/base/sealed.h"

namespace agewise::train {
namespace {

constexpr std::uint64_t kMostBytesOfKey = 4096;

constexpr std::string_view kChecksumLine = "\nchecksum ";

std::filesystem::path key_path(std::filesystem::path file) { return file.replace_extension(".key"); }

// What lies beside a derived file: its key, and from the second line on "checksum" and the content_hash() of the file.
struct WrittenKey {
  std::string key, checksum;  // empty: none
};

WrittenKey written_key(const std::filesystem::path& file) {
  std::filesystem::path path = key_path(file);
  if (!std::filesystem::exists(path)) return {};
  std::string text = base::read_text_file(path, kMostBytesOfKey);
  std::size_t end = text.find(kChecksumLine);
  if (end == std::string::npos) return {text, ""};
  std::string checksum = text.substr(end + kChecksumLine.size());
  if (checksum.ends_with('\n')) checksum.pop_back();
  return {text.substr(0, end), checksum};
}

void check(const DerivedFile& file, const std::string& checksum) {
  if (base::hash_of_file(file.path) == checksum) return;
  throw base::file_error(
      file.path,
      "is damaged: it does not match its checksum; delete it, and rerun the same command to create it again");
}

}  // namespace

std::string key_of(recipe::Outcome outcome, const recipe::Recipe& recipe, const store::Stores& stores,
                   const std::string& others) {
  return "2:" + base::content_hash(recipe::determinants(outcome, recipe) + "\n" + stores.content() + "\n" + others);
}

bool holds(const DerivedFile& file) {
  std::error_code none;
  if (!std::filesystem::exists(file.path) || (file.bytes && std::filesystem::file_size(file.path, none) != file.bytes))
    return false;
  std::string key = written_key(file.path).key;
  return key == file.key || key == file.old_key();
}

bool make_unless_it_holds(const DerivedFile& file, const std::function<void()>& make) {
  bool held = holds(file);
  WrittenKey written = held ? written_key(file.path) : WrittenKey();
  if (!written.checksum.empty()) check(file, written.checksum);
  if (!held) {
    std::filesystem::remove(file.path);  // before its key: a file without one may be an old one
    std::filesystem::remove(key_path(file.path));
    make();
  }
  if (written.key == file.key && !written.checksum.empty()) return held;
  std::string checksum = written.checksum.empty() ? base::hash_of_file(file.path) : written.checksum;
  base::write_file(key_path(file.path), file.key + std::string(kChecksumLine) + checksum + "\n");
  return held;
}

DerivedState state_of_derived(const std::filesystem::path& file, const base::StopFlag& stop,
                              const base::ProgressSink& sink) {
  std::string checksum = written_key(file).checksum;
  if (checksum.empty()) return DerivedState::without_checksum;
  std::uint64_t size = std::filesystem::file_size(file);
  std::string hash = base::hash_of_file(file, [&](std::uint64_t done) {
    if (stop) throw base::Interrupted("stopped while checking " + file.string());
    if (sink) sink({file.string(), done, size});
  });
  return hash == checksum ? DerivedState::whole : DerivedState::damaged;
}

}  // namespace agewise::train
