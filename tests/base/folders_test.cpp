#include "agewise/base/folders.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/error_of.h"
#include "tests/unprivileged.h"

namespace agewise::base {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Folders : public testing::Test {
 protected:
  Folders() {
    fs::create_directories(folder_ / "b/below");
    for (const char* name : {"c.jpg", "a.jpg", "b/below/d.jpg"}) write_file(folder_ / name, "content");
  }
  ~Folders() override {
    fs::permissions(folder_ / "b/below", fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("folders" + std::to_string(::getpid()));
};

TEST_F(Folders, lists_files_of_all_depths_sorted_and_links_to_files_but_not_what_lies_behind_links_to_folders) {
  fs::create_symlink(folder_ / "a.jpg", folder_ / "b/link.jpg");
  fs::create_directory_symlink(folder_ / "b", folder_ / "loop");
  fs::create_symlink(folder_ / "nowhere", folder_ / "dangling.jpg");
  FolderContent content = files_under(folder_);
  EXPECT_THAT(content.files,
              ElementsAre(folder_ / "a.jpg", folder_ / "b/below/d.jpg", folder_ / "b/link.jpg", folder_ / "c.jpg"));
  EXPECT_TRUE(content.unreadable.empty());
}

TEST_F(Folders, names_a_subfolder_that_is_closed_and_goes_on) {
  fs::permissions(folder_ / "b/below", fs::perms::none);
  Unprivileged nobody;
  FolderContent content = files_under(folder_);
  EXPECT_THAT(content.files, ElementsAre(folder_ / "a.jpg", folder_ / "c.jpg"));
  ASSERT_EQ(content.unreadable.size(), 1);
  EXPECT_EQ(content.unreadable[0].path, folder_ / "b/below");
  EXPECT_EQ(content.unreadable[0].reason, "Permission denied");
}

TEST_F(Folders, throws_for_a_folder_that_is_none) {
  EXPECT_THAT(error_of([&] { files_under(folder_ / "absent"); }),
              AllOf(HasSubstr("absent"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace agewise::base
