// Which pictures `predict` is to look at: files, folders, archives, and lists of all of these.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agewise/base/folders.h"
#include "agewise/face/read_many.h"

namespace agewise::app {

// A picture, or an archive of pictures.
struct AskedFile {
  std::filesystem::path file;
  std::filesystem::path below;  // the folder that was asked for; its own name, where the file itself was
  bool is_archive = false;
};

struct Asked {
  std::vector<AskedFile> files;                // in the order in which they were named; those of a folder sorted
  std::vector<std::filesystem::path> folders;  // that were named
  std::vector<base::UnreadableFolder> unreadable;
  std::size_t passed_over = 0;  // files in folders that are neither pictures nor archives by their names

  bool has_archives() const;
  std::vector<std::filesystem::path> paths() const;
};

// `list`: a file with a path a line, or separated by zeros if it holds any (find -print0); "-" is standard input, empty
// is none. A path "-" stands for the same list. Folders are looked through at any depth. Throws Error naming a folder
// or list without pictures, UsageError where nothing is asked for.
Asked asked_for(const std::vector<std::string>& paths, const std::string& list);

// The files one after the other, and the members of archives, read once from front to back. An archive that is broken
// becomes one file that cannot be read. `passed_over` grows by the members that are no pictures by their names; it and
// `asked` must outlive what is returned.
face::NextFile pictures_of(const Asked& asked, std::size_t& passed_over);

}  // namespace agewise::app
