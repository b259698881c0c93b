#include "demo/folder.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <map>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "demo/collection.h"
#include "demo/wiki_mat.h"
#include "tests/error_of.h"

namespace agewise::demo {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class DemoFolder : public testing::Test {
 protected:
  ~DemoFolder() override { fs::remove_all(folder_); }

  void put(const std::string& name, std::string_view content = "mine") {
    fs::create_directories(folder_);
    base::write_file(folder_ / name, content);
  }
  // What an earlier agewise left: no marker.
  void draw_unmarked() {
    base::StopFlag stop{false};
    draw_collection(folder_, {100, 1}, 1, stop);
    put("faces.db");
    fs::create_directories(folder_ / "run");
  }
  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> content;
    for (const auto& entry : fs::directory_iterator(folder_))
      content[entry.path().filename()] = entry.is_directory() ? "" : base::read_text_file(entry.path(), 1 << 26);
    return content;
  }
  // Claiming fails, says what is in the way, and changes nothing.
  void expect_refused_for(const std::string& name) {
    auto before = content();
    EXPECT_THAT(error_of<base::UsageError>([&] { claim_folder(folder_); }),
                AllOf(HasSubstr(folder_.string()), HasSubstr("contains " + name + ",")));
    EXPECT_EQ(content(), before);
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("demo_folder" + std::to_string(::getpid()));
};

TEST_F(DemoFolder, a_new_or_empty_one_is_taken_and_marked) {
  claim_folder(folder_);
  EXPECT_THAT(base::read_text_file(folder_ / kMarker, 1000), HasSubstr("made by `agewise demo`"));
  fs::remove(folder_ / kMarker);
  claim_folder(folder_);
  EXPECT_TRUE(fs::exists(folder_ / kMarker));
}

TEST_F(DemoFolder, with_anything_of_the_users_is_refused_and_left_as_it_is) {
  put("notes.txt");
  expect_refused_for("notes.txt");
}

// The names of IMDB-WIKI's own files.
TEST_F(DemoFolder, with_the_real_collection_is_refused_and_left_as_it_is) {
  fs::create_directories(folder_);
  WikiRow row;
  row.full_path = "17/10000217_1981-05-05_2009.jpg";
  row.name = "Sami Jauhojärvi";
  write_wiki_mat(folder_ / "wiki.mat", {row});
  put("wiki_crop.tar");
  put("faces.db");
  expect_refused_for("wiki.mat");
  put(kMarker,
      "This folder was made by `agewise demo`.\n");  // by an earlier demo, whose wiki.mat has been replaced since
  expect_refused_for("wiki.mat");
}

TEST_F(DemoFolder, a_tar_or_a_store_without_labels_is_nobodys_demo) {
  put("wiki_crop.tar");
  expect_refused_for("wiki_crop.tar");
}

TEST_F(DemoFolder, of_an_earlier_demo_is_taken_again_whatever_else_was_put_there_since) {
  claim_folder(folder_);
  draw_unmarked();
  put("notes.txt");
  claim_folder(folder_);
  EXPECT_EQ(content()["notes.txt"], "mine");
}

TEST_F(DemoFolder, of_a_demo_that_left_no_marker_is_known_by_its_labels_if_nothing_else_is_there) {
  draw_unmarked();
  put("notes.txt");
  expect_refused_for("notes.txt");
  fs::remove(folder_ / "notes.txt");
  claim_folder(folder_);
  EXPECT_TRUE(fs::exists(folder_ / kMarker));
}

TEST_F(DemoFolder, of_a_demo_of_real_faces_is_known_by_its_labels_too) {
  claim_folder(folder_);
  base::StopFlag stop{false};
  draw_collection(folder_ / "drawn", {100, 1}, 1, stop);
  copy_collection(folder_, folder_ / "drawn/wiki.mat", folder_ / "drawn/wiki_crop.tar", stop);
  claim_folder(folder_);
  fs::remove_all(folder_ / "drawn");
  fs::remove(folder_ / kMarker);
  claim_folder(folder_);
}

TEST_F(DemoFolder, a_file_is_no_folder) {
  base::write_file(folder_, "mine");
  EXPECT_THAT(error_of<base::UsageError>([&] { claim_folder(folder_); }), HasSubstr("is a file"));
}

}  // namespace
}  // namespace agewise::demo
