// What lies in a folder and below it.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace agewise::base {

struct UnreadableFolder {
  std::filesystem::path path;
  std::string reason;  // "Permission denied"
};

struct FolderContent {
  std::vector<std::filesystem::path> files;  // regular files and links to such, sorted
  std::vector<UnreadableFolder> unreadable;  // below the folder: what is in them is not known
};

// Whether `path`, with all links followed, is `folder` or lies below it. Neither need exist.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

// Links to folders are not followed. Throws Error naming the folder if it cannot itself be listed.
FolderContent files_under(const std::filesystem::path& folder);

}  // namespace agewise::base
