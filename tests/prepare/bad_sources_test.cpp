// Picture sources that are broken or hostile: one line each, nothing lost of what came before, nothing written
// elsewhere.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/prepare/sources.h"
#include "tests/prepare/collection.h"
#include "tests/unprivileged.h"

namespace agewise::prepare {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using BadSources = Collection;

TEST_F(BadSources, a_tar_cut_short_saves_what_came_before_and_goes_on_with_the_whole_one) {
  write_labels(60);
  write_tar(folder_ / "whole.tar", members(60));
  std::vector<std::byte> content = base::read_file(folder_ / "whole.tar", 1 << 24);
  base::write_file(folder_ / "cut.tar", std::span(content).first(content.size() / 2 + 100));
  EXPECT_THAT(error_of([&] { run({folder_ / "cut.tar"}); }), AllOf(HasSubstr("cut.tar"), HasSubstr("cut short")));
  std::size_t saved = store::Store(store()).faces().size();
  EXPECT_GT(saved, 20U);
  EXPECT_LT(saved, 40U);
  EXPECT_TRUE(store::Store(store()).rejects().empty());
  EXPECT_EQ(run({folder_ / "whole.tar"}).faces, 60);
}

// A download may break off at the very end of a member: 512 bytes of header and the content padded to 512.
TEST_F(BadSources, a_tar_cut_short_between_two_members_is_noticed_by_its_missing_end_mark) {
  write_labels(2);
  auto pictures = members(2);
  write_tar(folder_ / "whole.tar", pictures);
  std::vector<std::byte> content = base::read_file(folder_ / "whole.tar", 1 << 24);
  std::size_t first = 512 + (pictures[0].second.size() + 511) / 512 * 512;
  base::write_file(folder_ / "cut.tar", std::span(content).first(first));
  EXPECT_THAT(error_of([&] { run({folder_ / "cut.tar"}); }),
              AllOf(HasSubstr("cut.tar"), HasSubstr("face_0.jpg"), HasSubstr("end-of-archive marker")));
  EXPECT_FALSE(store::Store(store()).metadata().complete);
  EXPECT_EQ(run({folder_ / "whole.tar"}).faces, 2);
}

TEST_F(BadSources, a_compressed_tar_cut_short_says_so_too) {
  write_labels(60);
  write_tar(folder_ / "whole.tar.gz", members(60), true);
  std::vector<std::byte> content = base::read_file(folder_ / "whole.tar.gz", 1 << 24);
  base::write_file(folder_ / "cut.tar.gz", std::span(content).first(content.size() / 2));
  EXPECT_THAT(error_of([&] { run({folder_ / "cut.tar.gz"}); }), AllOf(HasSubstr("cut.tar.gz"), HasSubstr("truncated")));
  EXPECT_EQ(run({folder_ / "whole.tar.gz"}).faces, 60);
}

TEST_F(BadSources, a_stop_is_an_interruption_though_the_source_breaks_at_the_same_time) {
  write_labels(60);
  write_tar(folder_ / "whole.tar", members(60));
  std::vector<std::byte> content = base::read_file(folder_ / "whole.tar", 1 << 24);
  base::write_file(folder_ / "cut.tar", std::span(content).first(5000));
  base::StopFlag stop{true};
  EXPECT_THROW(prepare(plan(), {folder_ / "cut.tar"}, store(), 1, stop), base::Interrupted);
}

// No permission stands for a bad disk, too many open files, no memory: it says nothing about the picture.
TEST_F(BadSources, a_file_that_the_system_cannot_read_leaves_the_store_unfinished_and_is_read_by_the_next_run) {
  write_labels(2);
  write_folder(members(2));
  std::filesystem::path closed = folder_ / "pictures/wiki_crop/00/face_0.jpg";
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  std::filesystem::permissions(folder_, std::filesystem::perms::all);  // the store is written there
  {
    Unprivileged nobody;
    EXPECT_THAT(
        error_of([&] { run({folder_ / "pictures"}); }),
        AllOf(HasSubstr("1 of 2 pictures could not be read"), HasSubstr("face_0.jpg: cannot open: Permission")));
  }
  EXPECT_FALSE(store::Store(store()).metadata().complete);
  EXPECT_EQ(store::Store(store()).faces().size(), 1U);
  std::filesystem::permissions(closed, std::filesystem::perms::owner_read);
  PrepareResult result = run({folder_ / "pictures"});
  EXPECT_EQ(result.faces, 2);
  EXPECT_TRUE(result.rejects.empty());
}

TEST_F(BadSources, a_file_too_large_for_a_picture_is_a_reject_and_is_not_read) {
  write_labels(0, "large.jpg,30\n");
  write_folder({{"large.jpg", {}}});
  std::filesystem::resize_file(folder_ / "pictures/large.jpg", kLargestPictureFile + 1);  // no block of it is written
  EXPECT_EQ(run({folder_ / "pictures"}).rejects,
            (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::undecodable, 1}}));
  EXPECT_EQ(store::Store(store()).rejects()[0].detail, "is too large: 67108865 bytes");
}

// Links, folders and devices are passed over: the row has no picture, and nothing is followed.
TEST_F(BadSources, links_in_a_tar_and_in_a_folder_are_not_followed_out_of_it) {
  write_labels(0, "link.jpg,30\npipe.jpg,31\n");
  base::write_file(folder_ / "outside.jpg", numbered_jpeg(1));
  std::filesystem::create_directory_symlink(folder_ / "pictures", folder_ / "pictures/round");
  ASSERT_EQ(::mkfifo((folder_ / "pictures/pipe.jpg").c_str(), 0600), 0);
  ASSERT_EQ(
      std::system(
          ("cd " + folder_.string() + " && ln -s ../outside.jpg pictures/link.jpg && tar cf p.tar pictures").c_str()),
      0);
  EXPECT_EQ(run({folder_ / "p.tar"}).rejects,
            (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::no_such_file, 2}}));
}

TEST_F(BadSources, names_that_are_not_ascii_are_found_in_tars_and_folders) {
  write_labels(0, "Zürich/Jürgen.jpg,30\n");
  write_folder({{"Zürich/Jürgen.jpg", numbered_jpeg(1)}});
  for (const char* format : {"gnu", "pax", "ustar"}) {
    std::string tar = std::string(format) + ".tar";
    ASSERT_EQ(
        std::system(("cd " + folder_.string() + " && tar c --format=" + format + " -f " + tar + " pictures").c_str()),
        0);
    EXPECT_EQ(run({folder_ / tar}, tar + ".db").faces, 1) << format;
  }
  EXPECT_EQ(run({folder_ / "pictures"}).faces, 1);
}

TEST_F(BadSources, nothing_is_left_behind_when_a_source_was_mistyped) {
  write_labels(1);
  write_tar(folder_ / "p.tar", members(1));
  EXPECT_THAT(error_of([&] { run({folder_ / "p.tar", folder_ / "q.tar"}); }), HasSubstr("q.tar"));
  EXPECT_THAT(error_of([&] { run({"-", "-"}); }), HasSubstr("only once"));
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(BadSources, what_is_no_tar_says_so) {
  write_labels(1);
  base::write_file(folder_ / "text.tar", std::string(5000, 'x'));
  EXPECT_THAT(error_of([&] { run({folder_ / "text.tar"}); }), AllOf(HasSubstr("text.tar"), HasSubstr("tar")));
  base::write_file(folder_ / "empty.tar", "");
  EXPECT_THAT(error_of([&] { run({folder_ / "empty.tar"}); }), HasSubstr("empty.tar"));
  EXPECT_THAT(error_of([&] { run({folder_ / "none.tar"}); }), AllOf(HasSubstr("none.tar"), HasSubstr("no such file")));
}

TEST_F(BadSources, names_that_climb_out_are_only_names) {
  write_labels(1);
  write_tar(folder_ / "p.tar",
            {{"../../../../etc/00/face_0.jpg", numbered_jpeg(0)}, {"/tmp/agewise-absolute.jpg", numbered_jpeg(1)}});
  EXPECT_EQ(run({folder_ / "p.tar"}).faces, 1);
  EXPECT_FALSE(std::filesystem::exists("/tmp/agewise-absolute.jpg"));
}

// A PNG header that promises 60,000 × 60,000 pixels in 33 bytes, with its checksum.
TEST_F(BadSources, a_picture_of_huge_dimensions_is_a_reject_and_takes_no_memory) {
  write_labels(0, "bomb.png,30\n");
  const unsigned char bomb[] = {0x89, 'P',  'N',  'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13,   'I',  'H',  'D',  'R', 0,
                                0,    0xEA, 0x60, 0,   0,    0xEA, 0x60, 8,    2, 0, 0, 0x00, 0xA5, 0x3C, 0x5A, 0x6D};
  std::vector<std::byte> content(sizeof bomb);
  std::memcpy(content.data(), bomb, sizeof bomb);
  write_tar(folder_ / "p.tar", {{"bomb.png", content}});
  EXPECT_EQ(run({folder_ / "p.tar"}).rejects,
            (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::undecodable, 1}}));
}

TEST_F(BadSources, a_picture_of_another_kind_than_its_name_says_is_used) {
  write_labels(0, "png.jpg,30\n");
  write_tar(folder_ / "p.tar", {{"png.jpg", image::encode_png(image::make_image(20, 20, 3))}});
  EXPECT_EQ(run({folder_ / "p.tar"}).faces, 1);
  EXPECT_EQ(store::Store(store()).faces()[0].picture.kind, image::FileKind::png);
}

TEST_F(BadSources, a_disk_too_small_is_refused_before_anything_is_written) {
  write_labels(5);
  write_tar(folder_ / "p.tar", members(5));
  PreparePlan huge = plan();
  huge.wanted.assign(std::size_t{1} << 23, 0);
  huge.metadata.recipe.face.size = 1024;
  base::StopFlag stop{false};
  EXPECT_THAT(error_of([&] { prepare(huge, {folder_ / "p.tar"}, store(), 1, stop); }),
              AllOf(HasSubstr("faces.db"), HasSubstr("MB free")));
  EXPECT_FALSE(std::filesystem::exists(store()));
}

}  // namespace
}  // namespace agewise::prepare
