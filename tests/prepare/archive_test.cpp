// Archives as people have them: zips, several tars in one, links, archives in folders and in archives.
#include "agewise/prepare/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/prepare/collection.h"

namespace agewise::prepare {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Members = std::vector<std::pair<std::string, std::vector<std::byte>>>;

// A zip as libarchive writes it; options as "zip:compression=store".
void write_zip(const std::filesystem::path& file, const Members& members, const std::string& options = "") {
  archive* zip = archive_write_new();
  archive_write_set_format_zip(zip);
  archive_write_set_passphrase(zip, "secret");
  ASSERT_TRUE(options.empty() || archive_write_set_options(zip, options.c_str()) == ARCHIVE_OK)
      << archive_error_string(zip);
  ASSERT_EQ(archive_write_open_filename(zip, file.c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  for (const auto& [name, content] : members) {
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(zip, entry);
    archive_write_data(zip, content.data(), content.size());
  }
  archive_entry_free(entry);
  archive_write_close(zip);
  archive_write_free(zip);
}

class Archives : public Collection {
 protected:
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + folder_.string() + " && " + command).c_str()), 0) << command;
  }
  std::map<catalog::Reason, std::int64_t> rejects(const std::filesystem::path& pictures) const {
    return run({pictures}).rejects;
  }
};

struct Seen {
  std::vector<std::string> paths, problems, left_out;
};

Seen look_through(const std::filesystem::path& file) {
  Seen seen;
  auto source = open_pictures(file);
  for (SourceEntry entry; source->next(entry);) {
    seen.paths.push_back(entry.path);
    std::string problem = source->read().problem;
    if (!problem.empty()) seen.problems.push_back(problem);
  }
  seen.left_out = source->left_out();
  return seen;
}

TEST_F(Archives, a_zip_gives_what_the_same_pictures_in_a_tar_give) {
  write_labels(30);
  write_tar(folder_ / "p.tar", members(30));
  run({folder_ / "p.tar"}, "tar.db");
  for (const char* options : {"zip:compression=deflate", "zip:compression=store", "zip:zip64"}) {
    write_zip(folder_ / "p.zip", members(30), options);
    EXPECT_EQ(run({folder_ / "p.zip"}, "zip.db").faces, 30) << options;
    EXPECT_EQ(digest(store::Store(store("zip.db"))), digest(store::Store(store("tar.db")))) << options;
    std::filesystem::remove(store("zip.db"));
  }
}

// A pipe cannot be sought in: the list at the end of the zip is of no use then.
TEST_F(Archives, a_zip_or_tar_may_come_through_a_pipe) {
  write_zip(folder_ / "p.zip", {{"a.jpg", numbered_jpeg(1)}, {"b.jpg", numbered_jpeg(2)}});
  write_tar(folder_ / "p.tar", {{"a.jpg", numbered_jpeg(1)}, {"b.jpg", numbered_jpeg(2)}});
  for (const char* file : {"p.zip", "p.tar"}) {
    shell("mkfifo pipe && (cat " + std::string(file) + " > pipe &)");
    EXPECT_THAT(look_through(folder_ / "pipe").paths, ElementsAre("a.jpg", "b.jpg"));
    shell("rm pipe");
  }
}

// As `--labels <(command)` hands them over: a label file is looked at more than once.
TEST_F(Archives, labels_may_come_through_a_pipe_too) {
  write_labels(3);
  write_tar(folder_ / "p.tar", members(3));
  shell("mkfifo labels && (cat labels.csv > labels &)");
  PrepareOptions options;
  options.labels = {folder_ / "labels"};
  EXPECT_EQ(plan(options).rows.size(), 3U);
}

TEST_F(Archives, a_zip_cut_short_says_so) {
  write_zip(folder_ / "whole.zip", members(60));
  std::vector<std::byte> content = base::read_file(folder_ / "whole.zip", 1 << 24);
  base::write_file(folder_ / "cut.zip", std::span(content).first(content.size() / 2));
  EXPECT_THAT(error_of([&] { look_through(folder_ / "cut.zip"); }),
              AllOf(HasSubstr("cut.zip"), HasSubstr("cut short"), HasSubstr("face_")));
}

TEST_F(Archives, an_encrypted_zip_says_what_to_do) {
  write_zip(folder_ / "p.zip", members(2), "zip:encryption=traditional");
  EXPECT_THAT(error_of([&] { look_through(folder_ / "p.zip"); }), AllOf(HasSubstr("p.zip"), HasSubstr("password")));
}

// 9 is Deflate64, in which Windows packs large files; libarchive has no decoder for it. One such member is a problem of
// its own.
TEST_F(Archives, a_member_in_a_rare_compression_is_a_problem_and_the_others_are_read) {
  write_zip(folder_ / "p.zip", {{"a.jpg", numbered_jpeg(1)}, {"b.jpg", numbered_jpeg(2)}}, "zip:compression=deflate");
  std::vector<std::byte> content = base::read_file(folder_ / "p.zip", 1 << 24);
  auto* local = static_cast<std::byte*>(memmem(content.data(), content.size(), "PK\3\4", 4));
  auto* central = static_cast<std::byte*>(memmem(content.data(), content.size(), "PK\1\2", 4));
  local[8] = central[10] = std::byte{9};
  base::write_file(folder_ / "p.zip", content);
  Seen seen = look_through(folder_ / "p.zip");
  EXPECT_THAT(seen.paths, ElementsAre("a.jpg", "b.jpg"));
  EXPECT_THAT(seen.problems, ElementsAre(HasSubstr("cannot be read from its archive")));
}

// In code page 437 byte 0x81 is ü (IBM's table); a name with the flag of bit 11 is UTF-8 (APPNOTE.TXT, 4.4.4).
TEST_F(Archives, names_in_a_zip_are_utf_8_or_code_page_437) {
  write_zip(folder_ / "p.zip", {{"JXXrgen.jpg", numbered_jpeg(1)}});
  for (bool flagged : {true, false}) {
    std::vector<std::byte> content = base::read_file(folder_ / "p.zip", 1 << 24);
    for (std::size_t i = 0; i + 11 < content.size(); ++i) {
      if (std::memcmp(&content[i], "JXXrgen.jpg", 11) != 0) continue;
      content[i + 1] = flagged ? std::byte{0xC3} : std::byte{0x81};
      content[i + 2] = flagged ? std::byte{0xBC} : std::byte{'u'};
    }
    auto* local = static_cast<std::byte*>(memmem(content.data(), content.size(), "PK\3\4", 4));
    auto* central = static_cast<std::byte*>(memmem(content.data(), content.size(), "PK\1\2", 4));
    if (flagged) local[7] |= std::byte{8}, central[9] |= std::byte{8};
    base::write_file(folder_ / "named.zip", content);
    EXPECT_THAT(look_through(folder_ / "named.zip").paths, ElementsAre(flagged ? "Jürgen.jpg" : "Jüurgen.jpg"));
  }
}

TEST_F(Archives, tars_one_after_the_other_are_one) {
  write_labels(20);
  Members all = members(20);
  write_tar(folder_ / "a.tar", {all.begin(), all.begin() + 10});
  write_tar(folder_ / "b.tar", {all.begin() + 10, all.end()});
  write_tar(folder_ / "a.tgz", {all.begin(), all.begin() + 10}, true);
  write_tar(folder_ / "b.tgz", {all.begin() + 10, all.end()}, true);
  shell("cat a.tar b.tar > both.tar; cat a.tgz b.tgz > both.tgz");
  EXPECT_EQ(run({folder_ / "both.tar"}, "tar.db").faces, 20);
  EXPECT_EQ(run({folder_ / "both.tgz"}, "tgz.db").faces, 20);
}

TEST_F(Archives, what_follows_a_tars_end_mark_and_is_no_tar_is_an_error) {
  write_tar(folder_ / "p.tar", members(1));
  std::ofstream(folder_ / "p.tar", std::ios::app) << std::string(2000, 'x');
  EXPECT_THAT(error_of([&] { look_through(folder_ / "p.tar"); }),
              AllOf(HasSubstr("end-of-archive marker"), HasSubstr("face_0.jpg")));
}

// tar stores the second name of a file as a link to the first.
TEST_F(Archives, links_within_an_archive_have_the_bytes_that_they_lead_to) {
  write_labels(0, "a.jpg,30\nhard.jpg,30\nsoft.jpg,30\nchain.jpg,30\nout.jpg,30\nnowhere.jpg,30\n");
  write_folder({{"x/a.jpg", numbered_jpeg(1)}});
  base::write_file(folder_ / "outside.jpg", numbered_jpeg(2));
  shell(
      "cd pictures && mkdir y && ln x/a.jpg y/hard.jpg && ln -s ../x/a.jpg y/soft.jpg && ln -s soft.jpg y/chain.jpg && "
      "ln -s ../../outside.jpg y/out.jpg && ln -s none.jpg y/nowhere.jpg && tar cf ../p.tar x y && tar czf ../p.tgz x "
      "y");
  for (const char* file : {"p.tar", "p.tgz"}) {
    EXPECT_EQ(run({folder_ / file}).rejects,
              (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::no_such_file, 2}}))
        << file;
    store::Store made(store());
    std::vector<std::uint8_t> expected = made.picture(0).pixels;
    for (std::int64_t row : {1, 2, 3}) EXPECT_EQ(made.picture(row).pixels, expected) << row;
    std::filesystem::remove(store());
  }
}

TEST_F(Archives, links_in_an_archive_that_comes_through_a_pipe_are_problems_of_their_own) {
  write_folder({{"a.jpg", numbered_jpeg(1)}});
  shell("cd pictures && ln a.jpg b.jpg && tar cf ../p.tar a.jpg b.jpg && cd .. && mkfifo pipe && (cat p.tar > pipe &)");
  Seen seen = look_through(folder_ / "pipe");
  EXPECT_THAT(seen.paths, ElementsAre("a.jpg", "b.jpg"));
  EXPECT_THAT(seen.problems, ElementsAre(HasSubstr("is a link to a.jpg")));
}

TEST_F(Archives, archives_in_a_folder_and_in_archives_are_looked_into) {
  write_zip(folder_ / "inner.zip", {{"c.jpg", numbered_jpeg(3)}});
  write_tar(folder_ / "inner.tar.gz", {{"d.jpg", numbered_jpeg(4)}}, true);
  write_zip(folder_ / "pictures/p.zip", {{"b.jpg", numbered_jpeg(2)},
                                         {"in/inner.zip", base::read_file(folder_ / "inner.zip", 1 << 20)},
                                         {"inner.TAR.GZ", base::read_file(folder_ / "inner.tar.gz", 1 << 20)},
                                         {"z.jpg", numbered_jpeg(5)}});
  write_folder({{"y.jpg", numbered_jpeg(1)}});
  Seen seen = look_through(folder_ / "pictures");
  EXPECT_THAT(seen.paths, ElementsAre("pictures/y.jpg", "pictures/p.zip/b.jpg", "pictures/p.zip/in/inner.zip/c.jpg",
                                      "pictures/p.zip/inner.TAR.GZ/d.jpg", "pictures/p.zip/z.jpg"));
  EXPECT_THAT(seen.left_out, IsEmpty());
  write_labels(0, "y.jpg,1\nb.jpg,2\nc.jpg,3\ninner/d.jpg,4\np/z.jpg,5\n");
  EXPECT_EQ(run({folder_ / "pictures"}).faces, 5);
}

TEST_F(Archives, a_broken_archive_in_a_folder_is_told_and_the_others_are_read) {
  write_folder({{"a.jpg", numbered_jpeg(1)}});
  base::write_file(folder_ / "pictures/b.zip", std::string(1000, 'x'));
  write_zip(folder_ / "pictures/c.zip", {{"c.jpg", numbered_jpeg(3)}}, "zip:encryption=traditional");
  write_zip(folder_ / "pictures/d.zip", {{"d.jpg", numbered_jpeg(3)}});
  Seen seen = look_through(folder_ / "pictures");
  EXPECT_THAT(seen.paths, ElementsAre("pictures/a.jpg", "pictures/d.zip/d.jpg"));
  EXPECT_THAT(seen.left_out, ElementsAre(HasSubstr("b.zip"), AllOf(HasSubstr("c.zip"), HasSubstr("password"))));
}

// A download unpacked beside itself: each picture is there twice, and neither copy makes the other ambiguous.
TEST_F(Archives, a_file_goes_before_one_of_the_same_name_in_an_archive_beside_it) {
  write_labels(3);
  write_folder(members(3));
  write_zip(folder_ / "pictures/all.zip", members(3));
  EXPECT_EQ(run({folder_ / "pictures"}).faces, 3);
  // Two archives that have different pictures of one name are no better than each other.
  std::filesystem::remove_all(folder_ / "pictures/wiki_crop");
  write_zip(folder_ / "pictures/more.zip", {{members(1)[0].first, numbered_jpeg(77)}});
  EXPECT_EQ(run({folder_ / "pictures"}, "two.db").rejects,
            (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::ambiguous_name, 1}}));
}

TEST(ArchivePaths, name_the_folder_that_unpacking_would_make) {
  EXPECT_EQ(unpacked_path("a/train.zip/1.jpg"), "a/train/1.jpg");
  EXPECT_EQ(unpacked_path("a.tar.gz/b.ZIP/1.jpg"), "a/b/1.jpg");
  EXPECT_EQ(unpacked_path("a/1.zip"), "a/1.zip");
  EXPECT_EQ(unpacked_path("/.zip/1.jpg"), "/.zip/1.jpg");
  EXPECT_TRUE(lies_in_archive("a/train.zip/1.jpg"));
  EXPECT_FALSE(lies_in_archive("a/train/1.jpg"));
}

}  // namespace
}  // namespace agewise::prepare
