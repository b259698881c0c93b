#include "agewise/prepare/sources.h"

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/prepare/archive.h"

namespace agewise::prepare {
namespace {

// Depth first, and each folder listed when it is reached: only the names of a few folders are held at once. Archives
// come last: where they were unpacked beside themselves, the files are what was meant.
class Folder : public PictureSource {
 public:
  explicit Folder(const std::filesystem::path& folder) {
    std::filesystem::path whole = std::filesystem::canonical(folder);
    parent_ = whole.parent_path();
    list(whole.filename().string());
    if (!left_out_.empty()) throw base::Error(left_out_.front());
  }

  bool next(SourceEntry& entry) override {
    while (!waiting_.empty()) {
      Waiting first = std::move(waiting_.back());
      waiting_.pop_back();
      if (first.is_folder) {
        list(first.path);
        continue;
      }
      if (has_archive_ending(first.path)) {
        archives_.push_back(std::move(first.path));
        continue;
      }
      path_ = std::move(first.path);
      std::error_code ignored;  // a file that vanished meanwhile fails in read()
      entry = {path_, std::filesystem::file_size(parent_ / path_, ignored)};
      if (ignored) entry.size = 0;
      return true;
    }
    return next_of_archives(entry);
  }

  std::vector<std::string> left_out() const override { return left_out_; }

  SourceContent read() override {
    if (archive_) return archive_->read();
    try {
      return {base::read_file(parent_ / path_, kLargestPictureFile), ""};
    } catch (const base::Error& problem) {
      return {{}, problem.what(), /*unread=*/true};
    }
  }

 private:
  struct Waiting {
    std::string path;  // below parent_
    bool is_folder;
  };

  void list(const std::string& folder) {
    std::vector<Waiting> found;
    std::error_code problem;
    std::filesystem::directory_iterator entry(parent_ / folder, problem);
    while (!problem && entry != std::filesystem::directory_iterator()) {
      std::error_code gone;  // then it is neither
      bool is_folder = entry->is_directory(gone) && !entry->is_symlink(gone);
      if (is_folder || entry->is_regular_file(gone))
        found.push_back({folder + "/" + entry->path().filename().string(), is_folder});
      entry.increment(problem);
    }
    if (problem)
      left_out_.emplace_back(base::system_error(parent_ / folder, "cannot be listed", problem.value()).what());
    std::sort(found.begin(), found.end(), [](const Waiting& a, const Waiting& b) { return a.path > b.path; });
    std::move(found.begin(), found.end(), std::back_inserter(waiting_));
  }

  // One that cannot be read to its end is told, and the others go on.
  bool next_of_archives(SourceEntry& entry) {
    for (; next_archive_ < archives_.size(); ++next_archive_, archive_.reset()) {
      const std::string& path = archives_[next_archive_];
      try {
        if (!archive_) archive_ = open_archive(parent_ / path);
        if (archive_->next(entry)) {
          entry.path = path + "/" + entry.path;
          return true;
        }
      } catch (const base::Error& problem) {
        left_out_.emplace_back(problem.what());
      }
      if (archive_ == nullptr) continue;
      std::vector<std::string> more = archive_->left_out();
      std::move(more.begin(), more.end(), std::back_inserter(left_out_));
    }
    return false;
  }

  std::filesystem::path parent_;
  std::vector<Waiting> waiting_;       // the next one last
  std::string path_;                   // of the entry given last
  std::vector<std::string> archives_;  // below parent_
  std::size_t next_archive_ = 0;
  std::unique_ptr<PictureSource> archive_;  // the one being read now
  std::vector<std::string> left_out_;
};

}  // namespace

std::unique_ptr<PictureSource> open_pictures(const std::filesystem::path& folder_or_archive) {
  if (folder_or_archive != "-" && !std::filesystem::exists(folder_or_archive))
    throw base::file_error(folder_or_archive, "no such file or folder of pictures");
  if (std::filesystem::is_directory(folder_or_archive)) return std::make_unique<Folder>(folder_or_archive);
  return open_archive(folder_or_archive);
}

}  // namespace agewise::prepare
