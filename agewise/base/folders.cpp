#include "agewise/base/folders.h"

#include <algorithm>

#include "agewise/base/error.h"

namespace agewise::base {
namespace {

namespace fs = std::filesystem;

// Adds the files of one folder, and its subfolders to those that are still to be listed.
std::error_code list(const fs::path& folder, FolderContent& content, std::vector<fs::path>& waiting) {
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem); !problem && entry != fs::directory_iterator();
       entry.increment(problem)) {
    std::error_code gone;  // then it is neither
    if (entry->is_directory(gone) && !entry->is_symlink(gone)) {
      waiting.push_back(entry->path());
    } else if (entry->is_regular_file(gone)) {
      content.files.push_back(entry->path());
    }
  }
  return problem;
}

}  // namespace

bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::filesystem::path relative =
      std::filesystem::weakly_canonical(path).lexically_relative(std::filesystem::weakly_canonical(folder));
  return !relative.empty() && *relative.begin() != "..";
}

FolderContent files_under(const fs::path& folder) {
  FolderContent content;
  std::vector<fs::path> waiting;
  if (std::error_code problem = list(folder, content, waiting))
    throw system_error(folder, "cannot be listed", problem.value());
  while (!waiting.empty()) {
    fs::path next = std::move(waiting.back());
    waiting.pop_back();
    if (std::error_code problem = list(next, content, waiting)) content.unreadable.push_back({next, problem.message()});
  }
  std::sort(content.files.begin(), content.files.end());
  std::sort(content.unreadable.begin(), content.unreadable.end(),
            [](const UnreadableFolder& a, const UnreadableFolder& b) { return a.path < b.path; });
  return content;
}

}  // namespace agewise::base
