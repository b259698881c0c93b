#include "agewise/verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/sealed.h"
#include "agewise/store/store.h"
#include "agewise/train/derived.h"
#include "agewise/train/log.h"
#include "agewise/train/run_folder.h"
#include "agewise/weights/safetensors.h"

namespace agewise::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostOfAText = 64 << 20;  // bytes
constexpr const char* kOlder = "no checksum: written by an earlier agewise or by another program";

Finding checked_store(const fs::path& file, const Hooks& hooks) {
  std::optional<store::Store> opened;
  try {
    opened.emplace(file);
  } catch (const base::Error&) {
    // Of a process that ended before its first commit: opening the file took back what it had begun to write.
    if (fs::file_size(file) == 0) return {file, State::good, "empty: nothing was committed to it"};
    throw;
  }
  const store::Store& store = *opened;
  std::vector<store::FaceRecord> faces = store.faces();
  std::size_t rejects = store.rejects().size(), done = 0;
  for (const store::FaceRecord& face : faces) {
    if (hooks.stop) throw base::Interrupted("stopped while checking " + file.string());
    store.check_pixels(face.row);
    if (hooks.progress) hooks.progress({file.string(), ++done, faces.size()});
  }
  const store::StoreMetadata& metadata = store.metadata();
  if (metadata.shard && metadata.complete) (void)store.wanted();
  std::string detail =
      fmt::format("{}{} faces, {} rejects{}", metadata.shard ? store::text_of(*metadata.shard) + ", " : "",
                  faces.size(), rejects, metadata.complete ? "" : ", not finished");
  if (store.checksums_kept() == store::ChecksumsKept::all) return {file, State::good, detail};
  return {file, State::without_checksum,
          fmt::format("{}; written by an earlier agewise: {}", detail,
                      store.checksums_kept() == store::ChecksumsKept::pixels
                          ? "the pixels are good, labels and ages have no checksum"
                          : "no checksums")};
}

Finding checked_arrays(const fs::path& file, const Hooks& hooks) {
  weights::SafetensorsFile arrays(file);
  std::uint64_t size = fs::file_size(file), done = 0;
  arrays.check_all([&](std::uint64_t bytes) {
    if (hooks.stop) throw base::Interrupted("stopped while checking " + file.string());
    if (hooks.progress) hooks.progress({file.string(), done += bytes, size});
  });
  if (!arrays.has_checksums()) return {file, State::without_checksum, kOlder};
  return {file, State::good, fmt::format("{} arrays", arrays.tensors().size())};
}

Finding checked_text(const fs::path& file, const Hooks&) {
  base::Unsealed text = base::unsealed(base::read_text_file(file, kMostOfAText));
  if (text.state == base::SealState::absent) return {file, State::without_checksum, kOlder};
  if (text.state == base::SealState::whole) return {file, State::good, ""};
  return {file, State::damaged, "does not match its checksum"};
}

Finding checked_log(const fs::path& file, const Hooks&) {
  std::size_t epochs = train::read_log(file).size();
  std::string text = base::read_text_file(file, kMostOfAText);
  bool older = base::unsealed(text.substr(0, text.find('\n'))).state == base::SealState::absent;
  return {file, older && epochs > 0 ? State::without_checksum : State::good,
          older && epochs > 0 ? kOlder : fmt::format("{} epochs", epochs)};
}

Finding checked_derived(const fs::path& file, const Hooks& hooks) {
  switch (train::state_of_derived(file, hooks.stop, hooks.progress)) {
    case train::DerivedState::whole:
      return {file, State::good, ""};
    case train::DerivedState::damaged:
      return {file, State::damaged,
              "does not match its checksum: delete it, and rerun the command that wrote it to create it again"};
    case train::DerivedState::without_checksum:
      break;
  }
  return {file, State::without_checksum, "no checksum: written by an earlier agewise, or unfinished"};
}

// A store whose first bytes are damaged is one still: of SQLite's name at the file's beginning and of agewise's at byte
// 68 (schema.h) up to three bytes may be others. Another program's database has only the former.
bool begins_as_store(const fs::path& file) {
  constexpr std::string_view kSqlite("SQLite format 3\0", 16), kWhole = "AGWS", kShard = "AGWs";
  constexpr std::size_t kPlace = 68, kMostOthers = 3;
  std::array<char, kPlace + kWhole.size()> head{};
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), head.size());
  auto same = [](std::string_view wanted, const char* found) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) count += wanted[i] == found[i] ? 1U : 0U;
    return count;
  };
  std::size_t of_agewise = std::max(same(kWhole, head.data() + kPlace), same(kShard, head.data() + kPlace));
  return same(kSqlite, head.data()) + of_agewise + kMostOthers >= kSqlite.size() + kWhole.size();
}

using Check = Finding (*)(const fs::path&, const Hooks&);

// How a file is checked; nothing: agewise keeps no checksum of such files.
Check check_for(const fs::path& file) {
  std::string name = file.filename().string(), extension = file.extension().string();
  train::RunFolder run{file.has_parent_path() ? file.parent_path() : "."};
  bool in_run = train::is_run(run.path);
  if (in_run && (name == "recipe.toml" || name == "run.json" || name == "kernels.json" || file == run.multirun()))
    return checked_text;
  if (in_run && name == "log.jsonl") return checked_log;
  if (extension == ".f32" && (in_run || fs::exists(fs::path(file).replace_extension(".key")))) return checked_derived;
  if (extension == ".safetensors" || weights::is_safetensors(file)) return checked_arrays;
  return begins_as_store(file) ? checked_store : nullptr;
}

Finding finding_of(const fs::path& file, Check check, const Hooks& hooks) {
  if (!std::ifstream(file, std::ios::binary)) return {file, State::unreadable, "cannot be opened"};
  auto without_name = [&](const std::string& text) {
    std::string name = file.string() + ": ";
    return text.starts_with(name) ? text.substr(name.size()) : text;
  };
  try {
    return check(file, hooks);
  } catch (const base::Interrupted&) {
    throw;
  } catch (const store::HeldStore& error) {
    return {file, State::unreadable, without_name(error.what())};
  } catch (const std::exception& error) {
    return {file, State::damaged, without_name(error.what())};
  }
}

std::vector<fs::path> files_below(const fs::path& folder, const Hooks& hooks) {
  std::vector<fs::path> files;
  std::vector<fs::path> folders{folder};
  while (!folders.empty()) {
    fs::path next = std::move(folders.back());
    folders.pop_back();
    std::error_code problem;
    fs::directory_iterator entry(next, problem);
    if (problem) hooks.found({next, State::unreadable, "cannot be listed: " + problem.message()});
    for (; !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
      fs::file_status status = entry->symlink_status();
      if (fs::is_directory(status)) folders.push_back(entry->path());
      if (fs::is_regular_file(status)) files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::int64_t verify(const std::filesystem::path& path, const Hooks& hooks) {
  if (!fs::exists(path)) throw base::UsageError(path.string() + ": no such file or folder");
  bool folder = fs::is_directory(path);
  std::int64_t others = 0;
  for (const fs::path& file : folder ? files_below(path, hooks) : std::vector{path}) {
    if (hooks.stop) throw base::Interrupted("stopped while checking " + path.string());
    if (Check check = check_for(file)) {
      hooks.found(finding_of(file, check, hooks));
    } else {
      ++others;
    }
  }
  if (!folder && others > 0)
    throw base::UsageError(
        path.string() +
        ": is not a store, a model or a file of a run that agewise keeps a checksum of, or its beginning is damaged");
  return others;
}

}  // namespace agewise::verify
