#include "demo/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/catalog.h"
#include "demo/cast.h"

namespace agewise::demo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText =
    "This folder was made by `agewise demo`.\n"
    "When run again, the command replaces wiki.mat, wiki_crop.tar, faces.db and run here and keeps everything else.\n"
    "Without this file it refuses to use the folder.\n";

// The picture's number in "17/1017_1981-05-05_2009.jpg"; 0 where there is none.
std::size_t number_in(std::string_view path) {
  path.remove_prefix(path.find('/') + 1);  // npos + 1 is 0
  std::size_t number = 0;
  auto [end, problem] = std::from_chars(path.data(), path.data() + path.size(), number);
  return problem == std::errc() && end != path.data() + path.size() && *end == '_' ? number : 0;
}

// Drawn pictures are numbered in steps, copied ones one by one, with gaps, and their people have numbers for names.
bool is_labels_of_demo(const fs::path& file) {
  std::vector<catalog::CatalogRow> rows;
  try {
    rows = catalog::read_labels(file).rows;
  } catch (const base::Error&) {
    return false;
  }
  bool drawn = true, copied = true;
  std::size_t last = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t number = number_in(rows[i].file);
    std::string name = rows[i].person.str();
    drawn = drawn && number == kFirstNumber + i * kNumberStep;
    copied = copied && number >= kFirstNumber && number > last && (name.empty() || name.starts_with("person "));
    last = number;
  }
  return !rows.empty() && (drawn || copied);
}

// Also of a demo that was cut short, and by an agewise that left no marker.
bool is_name_of_demo(const std::string& name) {
  constexpr std::array kNames{"wiki.mat", "wiki_crop.tar", "faces.db", "run"};
  return std::ranges::any_of(kNames, [&](const char* own) {
    return name == own || name.starts_with(own + std::string(1, '.')) || name.starts_with(std::string(own) + "-");
  });
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem); !problem && entry != fs::directory_iterator();
       entry.increment(problem))
    names.push_back(entry->path().filename().string());
  if (problem) throw base::system_error(folder, "cannot be listed", problem.value());
  std::ranges::sort(names);
  return names;
}

bool has_marker(const fs::path& folder) {
  constexpr std::uint64_t kMost = 4096;
  std::error_code absent;
  if (!fs::is_regular_file(folder / kMarker, absent)) return false;
  return base::read_text_file(folder / kMarker, kMost).starts_with(kText.substr(0, kText.find('\n')));
}

// The first thing in the folder that is none of a demo's; empty: nothing.
std::string foreign_thing(const fs::path& folder) {
  std::vector<std::string> names = names_in(folder);
  std::error_code absent;
  bool labels = fs::exists(folder / "wiki.mat", absent);
  if (labels && !is_labels_of_demo(folder / "wiki.mat")) return "wiki.mat";
  if (names.empty() || has_marker(folder)) return "";
  auto foreign = std::ranges::find_if_not(names, is_name_of_demo);
  if (foreign != names.end()) return *foreign;
  return labels ? "" : names.front();
}

}  // namespace

void claim_folder(const fs::path& folder) {
  std::error_code problem;
  if (fs::exists(folder, problem)) {
    if (!fs::is_directory(folder, problem))
      throw base::UsageError(folder.string() + ": is a file; name a folder for the demo");
    std::string foreign = foreign_thing(folder);
    if (!foreign.empty())
      throw base::UsageError(
          fmt::format("{}: contains {}, which is not from an earlier demo; name a new or an empty folder",
                      folder.string(), foreign));
  }
  fs::create_directories(folder, problem);
  if (problem) throw base::system_error(folder, "cannot be created", problem.value());
  base::write_file(folder / kMarker, kText);
}

}  // namespace agewise::demo
