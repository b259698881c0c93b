// Picture sources that are broken or hostile: one line each, nothing lost of what came before, nothing written
// elsewhere.
#include <gmock/gmock.h>

#include <cstring>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/prepare/collection.h"

namespace agewise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using BadSources = Collection;

TEST_F(BadSources, a_tar_cut_short_saves_what_came_before_and_goes_on_with_the_whole_one) {
  write_labels(60);
  write_tar(folder_ / "whole.tar", members(60));
  std::vector<std::byte> content = read_file(folder_ / "whole.tar", 1 << 24);
  write_file(folder_ / "cut.tar", std::span(content).first(content.size() / 2 + 100));
  EXPECT_THAT(error_of([&] { run({folder_ / "cut.tar"}); }), AllOf(HasSubstr("cut.tar"), HasSubstr("cut short")));
  std::size_t saved = Store(store()).faces().size();
  EXPECT_GT(saved, 20U);
  EXPECT_LT(saved, 40U);
  EXPECT_TRUE(Store(store()).rejects().empty());
  EXPECT_EQ(run({folder_ / "whole.tar"}).faces, 60);
}

TEST_F(BadSources, what_is_no_tar_says_so) {
  write_labels(1);
  write_file(folder_ / "text.tar", std::string(5000, 'x'));
  EXPECT_THAT(error_of([&] { run({folder_ / "text.tar"}); }), AllOf(HasSubstr("text.tar"), HasSubstr("tar")));
  write_file(folder_ / "empty.tar", "");
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
  EXPECT_EQ(run({folder_ / "p.tar"}).rejects, (std::map<Reason, std::int64_t>{{Reason::undecodable, 1}}));
}

TEST_F(BadSources, a_disk_too_small_is_refused_before_anything_is_written) {
  write_labels(5);
  write_tar(folder_ / "p.tar", members(5));
  PreparePlan huge = plan();
  huge.wanted.assign(std::size_t{1} << 27, 0);
  huge.facts.recipe.face.size = 1024;
  StopFlag stop{false};
  EXPECT_THAT(error_of([&] { prepare(huge, {folder_ / "p.tar"}, store(), 1, stop); }),
              AllOf(HasSubstr("faces.db"), HasSubstr("MB free")));
  EXPECT_FALSE(std::filesystem::exists(store()));
}

}  // namespace
}  // namespace agewise
