// The store that several machines make, against the one that a single process makes.
#include "agewise/prepare/shard.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/prepare/collection.h"

namespace agewise::prepare {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
namespace fs = std::filesystem;

// Every table with every column of every row, read by SQLite alone.
std::string tables_of(const fs::path& store) {
  SQLite::Database database(store.string(), SQLite::OPEN_READONLY);
  std::string all = fmt::format("{} {}\n", database.execAndGet("PRAGMA application_id").getInt(),
                                database.execAndGet("PRAGMA user_version").getInt());
  SQLite::Statement tables(database, "SELECT name, sql FROM sqlite_master ORDER BY name");
  while (tables.executeStep()) {
    all += tables.getColumn(0).getString() + "\n" + tables.getColumn(1).getString() + "\n";
    SQLite::Statement rows(database, "SELECT * FROM " + tables.getColumn(0).getString() + " ORDER BY 1");
    while (rows.executeStep()) {
      for (int column = 0; column < rows.getColumnCount(); ++column)
        all += fmt::format("{}:{} ", rows.getColumn(column).getType(), rows.getColumn(column).getString());
      all += "\n";
    }
  }
  return all;
}

class Shards : public Collection {
 protected:
  void prepare_shard(int number, int count, const PrepareOptions& wanted, const std::string& name) const {
    PrepareOptions options = wanted;
    options.share = Share{number, count, "agewise test"};
    prepare(plan(options), pictures_, store(name), 2, stop_);
  }
  std::vector<fs::path> shards(int count, const PrepareOptions& options = {}) const {
    std::vector<fs::path> files;
    for (int number = 1; number <= count; ++number) {
      std::string name = fmt::format("shard-{}-{}.db", number, count);
      fs::remove(store(name));
      prepare_shard(number, count, options, name);
      files.push_back(store(name));
    }
    return files;
  }
  PrepareResult merge_to(const std::string& name, std::vector<fs::path> files) const {
    std::reverse(files.begin(), files.end());  // in any order
    return merge(files, store(name), stop_);
  }
  void expect_the_same_store(const PrepareOptions& options = {}) const {
    PrepareResult whole = prepare(plan(options), pictures_, store("whole.db"), 2, stop_);
    for (int count : {1, 2, 3, 7}) {
      std::string name = fmt::format("merged-{}.db", count);
      PrepareResult merged = merge_to(name, shards(count, options));
      EXPECT_EQ(tables_of(store(name)), tables_of(store("whole.db"))) << count;
      EXPECT_EQ(store::Store(store(name)).content(), store::Store(store("whole.db")).content()) << count;
      EXPECT_EQ(merged.faces, whole.faces);
      EXPECT_EQ(merged.rejects, whole.rejects);
      EXPECT_EQ(merged.unasked, whole.unasked);
      EXPECT_EQ(merged.copies.groups, whole.copies.groups);
      EXPECT_FALSE(fs::exists(store(name + ".unfinished")));
    }
  }

  // A table with everything that is decided of more than one row: persons, copies within and across them and of
  // rejected rows' persons, parts that the labels say, ambiguous names, rows of one picture, ranges, faults of every
  // kind.
  void write_difficult_table() {
    std::string text = "file,age,person,split\n";
    std::vector<std::pair<std::string, std::vector<std::byte>>> pictures;
    for (int i = 0; i < 60; ++i) {
      text += fmt::format("{:02}/face_{}.jpg,{},p{},\n", i, i, i % 80 + 1, i / 3);
      pictures.emplace_back(fmt::format("crop/{:02}/face_{}.jpg", i, i), numbered_jpeg(i % 45));
    }
    // q's first row, whose picture is missing, stands where the labels put it; so do the others, who are copies.
    text += "gone.jpg,30,q,val\nq2.jpg,31,q,\nq3.jpg,32,r,\nold.jpg,150,q,\nnobody.jpg,,q,\n";
    pictures.emplace_back("q2.jpg", numbered_jpeg(100));
    pictures.emplace_back("q3.jpg", numbered_jpeg(100));
    text +=
        "a/x.jpg,20,,\nb/x.jpg,30,,\ny.jpg,40,,\nq2.jpg,50,,train\nrange.jpg,20-29,,\nopen.jpg,70+,,\ncut.jpg,9,,\n";
    pictures.emplace_back("x.jpg", numbered_jpeg(101));
    pictures.emplace_back("c/y.jpg", numbered_jpeg(102));
    pictures.emplace_back("d/y.jpg", numbered_jpeg(103));
    pictures.emplace_back("range.jpg", numbered_jpeg(104));
    pictures.emplace_back("open.jpg", numbered_jpeg(105));
    pictures.emplace_back("cut.jpg", std::vector<std::byte>(40));
    pictures.emplace_back("unasked.jpg", numbered_jpeg(106));
    base::write_file(folder_ / "labels.csv", text);
    write_folder(pictures);
    pictures_ = {folder_ / "pictures"};
  }
  void write_plain() {
    write_thirty_and_faults();
    pictures_ = {folder_ / "p.tar"};
  }
  std::string error_of_merge(const std::vector<fs::path>& files) const {
    std::string error = error_of([&] { merge_to("merged.db", files); });
    EXPECT_FALSE(fs::exists(store("merged.db"))) << error;
    EXPECT_FALSE(fs::exists(store("merged.db.unfinished"))) << error;
    return error;
  }

  std::vector<fs::path> pictures_;
  base::StopFlag stop_{false};
};

TEST_F(Shards, of_a_table_with_all_that_is_decided_of_several_rows_make_the_store_of_one_process) {
  write_difficult_table();
  expect_the_same_store();
  store::Store whole(store("whole.db"));
  EXPECT_THAT(whole.reject_counts(), SizeIs(5)) << "missing, ambiguous, undecodable, unknown age, too old";
  EXPECT_GT(store::copies_among(whole.faces()).groups, 15);
  auto part_of = [&](const std::string& file) {
    for (const store::FaceRecord& face : whole.faces()) {
      if (face.file == file) return face.split;
    }
    return catalog::Split::test;
  };
  EXPECT_EQ(part_of("q3.jpg"), catalog::Split::val) << "by the labels of a row that was rejected";
}

TEST_F(Shards, of_a_folder_of_names_make_the_store_of_one_process) {
  std::vector<std::pair<std::string, std::vector<std::byte>>> pictures;
  for (int i = 0; i < 40; ++i)
    pictures.emplace_back(fmt::format("{}_{}_0_2017011617{:04}.jpg", i + 1, i % 2, i), numbered_jpeg(i / 2));
  write_folder(pictures);
  pictures_ = {folder_ / "pictures"};
  PrepareOptions options;
  options.labels = {folder_ / "pictures"};
  expect_the_same_store(options);
  EXPECT_EQ(store::Store(store("whole.db")).faces().size(), 40U);
}

TEST_F(Shards, of_a_sample_balanced_and_in_colour_make_the_store_of_one_process) {
  write_difficult_table();
  recipe_.face.colour = recipe::Colour::rgb;
  PrepareOptions options;
  options.recipe = recipe_;
  options.recipe.classes.edges = {30};
  options.recipe.classes.names.clear();
  options.limit = 50;
  options.sample_seed = 3;
  options.balance = true;
  expect_the_same_store(options);
  EXPECT_GT(store::Store(store("whole.db")).reject_counts()[catalog::Reason::balanced_away], 0);
}

TEST_F(Shards, share_the_rows_evenly_and_leave_none_out) {
  write_labels(1000, "a.jpg,140\nb.jpg,140\nc.jpg,140\n");
  for (int count : {2, 3, 7, 500}) {
    std::vector<int> times(1003);
    for (int number = 1; number <= count; ++number) {
      PrepareOptions options;
      options.share = Share{number, count, ""};
      PreparePlan own = plan(options);
      EXPECT_GE(own.wanted.size(), static_cast<std::size_t>(1000 / count));
      EXPECT_LE(own.wanted.size(), static_cast<std::size_t>((1000 + count - 1) / count));
      for (std::size_t row : own.chosen) ++times[row];
      EXPECT_EQ(own.chosen.size(), own.wanted.size() + own.rejects.size());
      EXPECT_EQ(own.wanted.size(), own.splits.size());
      EXPECT_EQ(own.wanted.size(), own.ages.size());
    }
    EXPECT_THAT(times, testing::Each(1)) << count;
  }
}

// Labels often have a period: two pictures a person, a large and a small one.
TEST_F(Shards, do_not_fall_into_step_with_labels_that_repeat) {
  write_labels(1000);
  PrepareOptions options;
  options.share = Share{1, 2, ""};
  PreparePlan own = plan(options);
  auto odd = std::ranges::count_if(own.wanted, [](std::size_t row) { return row % 2 == 1; });
  EXPECT_GT(odd, 200);
  EXPECT_LT(odd, 300);
}

TEST_F(Shards, that_were_stopped_are_resumed_alone) {
  write_difficult_table();
  prepare(plan(), pictures_, store("whole.db"), 2, stop_);
  std::vector<fs::path> files = shards(2);
  fs::remove(files[0]);
  base::StopFlag stop{false};
  PrepareOptions options;
  options.share = Share{1, 2, "agewise test"};
  auto stop_at_ten = [&](const base::Progress& progress) { stop = progress.done >= 10; };
  EXPECT_THROW(prepare(plan(options), pictures_, files[0], 1, stop, stop_at_ten), base::Interrupted);
  EXPECT_THAT(error_of_merge(files),
              AllOf(HasSubstr("shard-1-2.db: shard 1 of 2 is not finished"), HasSubstr("prepare --shard 1/2` again")));
  EXPECT_TRUE(prepare(plan(options), pictures_, files[0], 1, stop_).went_on);
  merge_to("merged.db", files);
  EXPECT_EQ(tables_of(store("merged.db")), tables_of(store("whole.db")));
}

TEST_F(Shards, say_what_they_are_and_are_no_store_to_train_on) {
  write_plain();
  store::Store shard(shards(4)[1]);
  EXPECT_EQ(text_of(shard.metadata().shard.value()), "shard 2 of 4");
  EXPECT_THAT(error_of([&] { shard.check_complete(); }),
              AllOf(HasSubstr("is shard 2 of 4"), HasSubstr("agewise merge")));
  SQLite::Database database(shard.file().string());
  EXPECT_NE(database.execAndGet("PRAGMA application_id").getInt(), 1095194451)
      << "an agewise that knows no shards takes it for a store";
}

TEST_F(Shards, are_resumed_as_what_they_were_begun_as) {
  write_plain();
  fs::path file = shards(4)[1];
  auto error = [&](const PrepareOptions& options) {
    return error_of([&] { prepare(plan(options), pictures_, file, 1, stop_); });
  };
  EXPECT_THAT(error({}), HasSubstr("is shard 2 of 4, not a whole store"));
  PrepareOptions options;
  options.share = Share{3, 4, "agewise test"};
  EXPECT_THAT(error(options), HasSubstr("is shard 2 of 4, not shard 3 of 4"));
  options.share = Share{2, 4, "agewise other"};
  EXPECT_THAT(error(options), HasSubstr("begun by agewise test, and this is agewise other"));
  prepare(plan(), pictures_, store("whole.db"), 1, stop_);
  file = store("whole.db");
  EXPECT_THAT(error(options), HasSubstr("is a whole store, not shard 2 of 4"));
}

TEST_F(Shards, that_are_missing_or_doubled_are_named) {
  write_plain();
  std::vector<fs::path> files = shards(4);
  EXPECT_THAT(error_of_merge({files[0], files[2]}),
              AllOf(HasSubstr("shards 2, 4 of 4 are missing"), HasSubstr("`agewise prepare --shard 2/4`")));
  EXPECT_THAT(error_of_merge({files[0], files[1], files[3]}), HasSubstr("shard 3 of 4 is missing"));
  fs::copy_file(files[1], store("copy.db"));
  EXPECT_THAT(error_of_merge({files[0], files[1], files[2], files[3], store("copy.db")}),
              AllOf(HasSubstr("copy.db"), HasSubstr("shard-2-4.db"), HasSubstr("is shard 2 of 4, as ")));
  EXPECT_THAT(error_of_merge({files[0], shards(3)[1]}), HasSubstr("all must be of one number"));
  prepare(plan(), pictures_, store("whole.db"), 1, stop_);
  EXPECT_THAT(error_of_merge({files[0], store("whole.db")}), HasSubstr("whole.db: is a whole store, not a shard"));
  EXPECT_THAT(error_of_merge({files[0], store("none.db")}), HasSubstr("none.db: no such file"));
}

TEST_F(Shards, that_do_not_belong_together_are_named_with_what_differs) {
  write_plain();
  std::vector<fs::path> files = shards(2);
  auto second_by = [&](const PrepareOptions& options) {
    fs::remove(files[1]);
    prepare(plan(options), pictures_, files[1], 1, stop_);
    return error_of_merge(files);
  };
  PrepareOptions options;
  options.share = Share{2, 2, "agewise test"};
  options.recipe = recipe_;
  options.recipe.face.size = 20;
  EXPECT_THAT(second_by(options), AllOf(HasSubstr("shard-2-2.db: was made by another recipe than"),
                                        HasSubstr("face.size = 20, not 16"), HasSubstr("prepare --shard 2/2`")));
  options.recipe = recipe_;
  options.limit = 31;
  EXPECT_THAT(second_by(options), HasSubstr("was made of other labels, or of another choice of their rows"));
  options.limit.reset();
  options.share->program = "agewise 0.1";
  EXPECT_THAT(second_by(options), HasSubstr("was made by agewise 0.1, and"));
  options.share->program = "agewise test";
  write_tar(folder_ / "p.tar", members(29));
  EXPECT_THAT(second_by(options), HasSubstr("was made of other pictures than"));
}

// A folder of names has no hash in the metadata, as a file of labels has.
TEST_F(Shards, of_folders_with_as_many_other_names_are_told_apart) {
  std::vector<std::pair<std::string, std::vector<std::byte>>> pictures;
  for (int i = 0; i < 9; ++i)
    pictures.emplace_back(fmt::format("{}_1_0_2017011617{:04}.jpg", i + 20, i), numbered_jpeg(i));
  write_folder(pictures);
  pictures_ = {folder_ / "pictures"};
  PrepareOptions options;
  options.labels = {folder_ / "pictures"};
  std::vector<fs::path> files = shards(2, options);
  fs::rename(folder_ / "pictures" / pictures[4].first, folder_ / "pictures/77_1_0_20170116170004.jpg");
  fs::remove(files[1]);
  prepare_shard(2, 2, options, files[1].filename());
  EXPECT_THAT(error_of_merge(files), HasSubstr("was made of other labels"));
}

TEST_F(Shards, with_a_damaged_row_are_refused_and_nothing_is_written) {
  write_plain();
  std::vector<fs::path> files = shards(2);
  auto error_after = [&](const std::string& damage) {
    fs::copy_file(files[1], store("good.db"), fs::copy_options::overwrite_existing);
    SQLite::Database(files[1].string(), SQLite::OPEN_READWRITE).exec(damage);
    std::string error = error_of_merge(files);
    fs::rename(store("good.db"), files[1]);
    return error;
  };
  std::string last = "(SELECT max(row) FROM faces)";
  EXPECT_THAT(error_after("UPDATE faces SET age = age + 1 WHERE row = " + last),
              HasSubstr("shard-2-2.db: is a damaged"));
  EXPECT_THAT(error_after("UPDATE faces SET pixels = zeroblob(256) WHERE row = " + last), HasSubstr("is damaged"));
  EXPECT_THAT(error_after("DELETE FROM faces WHERE row = " + last), HasSubstr("is missing"));
  EXPECT_THAT(error_after("DELETE FROM records WHERE row = " + last), HasSubstr("its list of rows"));
  EXPECT_THAT(error_after("UPDATE wanted SET person = 'x'"), HasSubstr("its list of wanted rows"));
  EXPECT_THAT(error_after("UPDATE facts SET value = '1/2' WHERE name = 'shard'"), HasSubstr("is a damaged store"));
  merge_to("merged.db", files);
}

TEST_F(Shards, are_merged_into_a_store_that_appears_whole_or_not_at_all) {
  write_plain();
  std::vector<fs::path> files = shards(2);
  base::StopFlag stop{false};
  auto stop_at_ten = [&](const base::Progress& progress) {
    EXPECT_EQ(progress.total, 32U);
    stop = progress.done == 10;
  };
  EXPECT_THROW(merge(files, store("merged.db"), stop, stop_at_ten), base::Interrupted);
  EXPECT_FALSE(fs::exists(store("merged.db")));
  EXPECT_FALSE(fs::exists(store("merged.db.unfinished")));
  // What a process killed in the middle leaves is no hindrance.
  fs::create_directory(store("merged.db.unfinished"));
  std::ofstream(store("merged.db.unfinished/store.db")) << "half of a store";
  merge_to("merged.db", files);
  EXPECT_FALSE(fs::exists(store("merged.db.unfinished")));
  EXPECT_THAT(error_of([&] { merge_to("merged.db", files); }), HasSubstr("merged.db: is there already"));
}

TEST_F(Shards, that_train_otherwise_by_default_are_merged_and_it_is_told) {
  write_plain();
  std::vector<fs::path> files = shards(2);
  PrepareOptions options;
  options.recipe = recipe_;
  options.recipe.train.batch = 77;
  fs::remove(files[1]);
  prepare_shard(2, 2, options, files[1].filename());
  EXPECT_THAT(merge_to("merged.db", files).other_training, HasSubstr("not 77"));
  EXPECT_EQ(store::Store(store("merged.db")).metadata().recipe.train.batch, recipe_.train.batch);
}

TEST_F(Shards, of_which_there_are_more_than_pictures_are_empty_and_merged_like_others) {
  write_labels(3);
  write_tar(folder_ / "p.tar", members(3));
  pictures_ = {folder_ / "p.tar"};
  expect_the_same_store();
}

TEST_F(Shards, are_from_one_to_their_number) {
  write_labels(3);
  for (const Share& share : {Share{0, 4, ""}, Share{5, 4, ""}, Share{1, 501, ""}}) {
    PrepareOptions options;
    options.share = share;
    EXPECT_THAT(error_of([&] { plan(options); }), HasSubstr("there are shards 1/n to n/n, and n is at most 500"));
  }
}

}  // namespace
}  // namespace agewise::prepare
