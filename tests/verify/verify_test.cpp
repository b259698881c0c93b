// `agewise verify`: what it says of whole, damaged, older and other files.
#include "agewise/verify/verify.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/sealed.h"
#include "agewise/train/examples.h"
#include "agewise/train/inputs.h"
#include "agewise/train/log.h"
#include "agewise/weights/safetensors.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::verify {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class Verify : public testing::Test {
 protected:
  // A store and a run of every kind of file.
  Verify() {
    recipe::Recipe recipe = train::tiny::recipe();
    recipe.whiten.method = recipe::Whitening::zca;
    train::tiny::make_store(folder_ / "faces.db");
    run_ = train::create_run(folder_ / "run", recipe);
    train::write_metadata(run_, {.stores = {{"faces.db", ""}}});
    train::append_to_log(run_.log(), {.epoch = 1});
    store::Store store(folder_ / "faces.db");
    base::StopFlag stop{false};
    (void)train::whitened_inputs(run_, recipe, store, train::examples_of(store), stop, {});
    std::vector<float> values{1, 2, 3};
    weights::write_safetensors(run_.last(), {}, std::vector<weights::TensorView>{{"weights", {3}, values}});
  }

  std::map<std::string, State> states(const fs::path& path) {
    std::map<std::string, State> states;
    base::StopFlag stop{false};
    others_ = verify(path, {[&](const Finding& finding) {
                              states[finding.file.filename()] = finding.state;
                              details_[finding.file.filename()] = finding.detail;
                            },
                            stop,
                            {}});
    return states;
  }
  State state(const fs::path& file) { return states(file).at(file.filename()); }

  static void flip(const fs::path& file, std::uint64_t place) {
    std::vector<std::byte> bytes = base::read_file(file, 1 << 20);
    bytes.at(place) ^= std::byte{4};
    base::write_file(file, bytes);
  }

  train::tiny::Folder folder_;
  train::RunFolder run_;
  std::int64_t others_ = 0;
  std::map<std::string, std::string> details_;
};

TEST_F(Verify, finds_all_files_of_a_folder_good) {
  base::write_file(folder_ / "notes.txt", "of no interest");
  EXPECT_THAT(states(run_.path.parent_path()),
              UnorderedElementsAre(Pair("faces.db", State::good), Pair("recipe.toml", State::good),
                                   Pair("run.json", State::good), Pair("log.jsonl", State::good),
                                   Pair("last.safetensors", State::good), Pair("whiten.safetensors", State::good),
                                   Pair("faces.f32", State::good)));
  EXPECT_GE(others_, 1);
  EXPECT_EQ(details_["faces.db"], "40 faces, 0 rejects");
}

TEST_F(Verify, finds_a_flipped_bit_in_each_of_them) {
  for (const fs::path& file :
       {run_.recipe(), run_.metadata(), run_.log(), run_.last(), run_.whitening(), run_.faces()}) {
    flip(file, fs::file_size(file) / 3);
    EXPECT_EQ(state(file), State::damaged) << file;
    flip(file, fs::file_size(file) / 3);
    EXPECT_EQ(state(file), State::good) << file;
  }
}

// Raw pixels of the last face lie at the end of SQLite's first free page or before: wherever a value of it stands.
TEST_F(Verify, finds_a_flipped_bit_in_the_pixels_of_a_store) {
  std::vector<std::byte> bytes = base::read_file(folder_ / "faces.db", 1 << 20);
  image::Image face = store::Store(folder_ / "faces.db").picture(7);
  auto pixels = std::as_bytes(std::span(face.pixels));
  auto place = std::search(bytes.begin(), bytes.end(), pixels.begin(), pixels.end());
  ASSERT_NE(place, bytes.end());
  flip(folder_ / "faces.db", static_cast<std::uint64_t>(place - bytes.begin()));
  EXPECT_EQ(state(folder_ / "faces.db"), State::damaged);
  EXPECT_THAT(details_["faces.db"], HasSubstr("face of label row"));
}

TEST_F(Verify, knows_files_whose_beginning_is_damaged_by_name_and_by_what_is_left) {
  flip(folder_ / "faces.db", 3);
  EXPECT_EQ(state(folder_ / "faces.db"), State::damaged);
  flip(run_.last(), 8);
  EXPECT_EQ(state(run_.last()), State::damaged);
}

// Such a process leaves a journal; opening the file empties it.
TEST_F(Verify, damns_no_store_whose_process_was_killed_before_its_first_commit) {
  fs::path alive = folder_ / "alive.db", killed = folder_ / "killed.db";
  SQLite::Database database(alive.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(
      "PRAGMA cache_size = 1; BEGIN IMMEDIATE; PRAGMA application_id = 1095194451; CREATE TABLE faces (pixels BLOB)");
  for (int i = 0; i < 50; ++i) database.exec("INSERT INTO faces VALUES (zeroblob(20000))");
  fs::copy_file(alive.string() + "-journal", killed.string() + "-journal");
  database.exec("COMMIT");
  fs::copy_file(alive, killed);
  ASSERT_GT(fs::file_size(killed), 0U);
  EXPECT_EQ(state(killed), State::good);
  EXPECT_EQ(fs::file_size(killed), 0U);
}

TEST_F(Verify, tells_files_of_an_older_agewise) {
  base::write_file(run_.metadata(), base::unsealed(base::read_text_file(run_.metadata(), 1 << 16)).text);
  fs::remove(run_.path / "faces.key");
  fs::copy(AGEWISE_SOURCE_DIR "/tests/weights/golden/python.safetensors", folder_ / "other.safetensors");
  EXPECT_EQ(state(run_.metadata()), State::without_checksum);
  EXPECT_EQ(state(run_.faces()), State::without_checksum);
  EXPECT_EQ(state(folder_ / "other.safetensors"), State::without_checksum);
}

// Made by commit 934c3ae.
TEST_F(Verify, finds_nothing_damaged_among_files_of_an_earlier_version) {
  fs::copy(AGEWISE_SOURCE_DIR "/tests/golden/934c3ae", folder_ / "golden", fs::copy_options::recursive);
  std::map<std::string, State> all = states(folder_ / "golden");
  EXPECT_GE(all.size(), 5);
  for (const auto& [name, state] : all) EXPECT_EQ(state, State::without_checksum) << name << details_[name];
}

TEST_F(Verify, follows_no_links_and_takes_hostile_files_for_damaged) {
  fs::create_directory_symlink(folder_ / ".", folder_ / "run/loop");
  fs::create_symlink("/dev/zero", folder_ / "zero.safetensors");
  std::ofstream(folder_ / "huge.safetensors", std::ios::binary) << std::string(8, '\xff') << "{}";
  base::write_file(folder_ / "empty.safetensors", "");
  std::map<std::string, State> all = states(run_.path.parent_path());
  EXPECT_EQ(all.at("huge.safetensors"), State::damaged);
  EXPECT_EQ(all.at("empty.safetensors"), State::damaged);
  EXPECT_FALSE(all.contains("zero.safetensors"));
}

TEST_F(Verify, refuses_what_it_cannot_check) {
  base::write_file(folder_ / "notes.txt", "of no interest");
  EXPECT_THAT(error_of<base::UsageError>([&] { (void)states(folder_ / "notes.txt"); }), HasSubstr("notes.txt: is no"));
  EXPECT_THAT(error_of<base::UsageError>([&] { (void)states(folder_ / "none"); }), HasSubstr("none: no such file"));
}

}  // namespace
}  // namespace agewise::verify
