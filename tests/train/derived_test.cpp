// What a run has computed and kept is used as long as it would come out the same, and no longer.
#include "agewise/train/derived.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/store/store_writer.h"
#include "agewise/train/inputs.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

class Derived : public testing::Test {
 protected:
  Derived() {
    recipe_.whiten.method = recipe::Whitening::zca;
    tiny::make_store(folder_ / "faces.db");
    run_ = create_run(folder_ / "run", recipe_);
  }

  WhitenedInputs whiten() const {
    store::Store store(folder_ / "faces.db");
    base::StopFlag stop{false};
    return whitened_inputs(run_, recipe_, store, examples_of(store), stop, {});
  }
  std::vector<std::byte> faces() const { return base::read_file(run_.faces(), 1 << 20); }
  std::string key() const { return base::read_text_file(run_.path / "faces.key", 1 << 10); }
  std::string first_content() const { return store::Store(folder_ / "faces.db").first_content(); }

  // The same labels, and one pixel brighter.
  void change_a_pixel() const {
    std::filesystem::path file = folder_ / "faces.db";
    auto face = store::Store(file).picture(3);
    face.pixels[0] ^= 1;
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
    for (auto [table, blob] : {std::pair{"faces", true}, std::pair{"checksums", false}}) {
      SQLite::Statement update(database, "UPDATE " + std::string(table) + " SET pixels = ? WHERE row = 3");
      if (blob) {
        update.bind(1, face.pixels.data(), static_cast<int>(face.pixels.size()));
      } else {
        update.bind(1, static_cast<std::int64_t>(base::checksum(std::as_bytes(std::span(face.pixels)))));
      }
      update.exec();
    }
  }

  tiny::Folder folder_;
  recipe::Recipe recipe_ = tiny::recipe();
  RunFolder run_;
};

TEST_F(Derived, whitened_faces_are_made_once) {
  EXPECT_FALSE(whiten().reused);
  EXPECT_TRUE(whiten().reused);
  recipe_.train.learning_rate = 0.5;  // changes no face
  EXPECT_TRUE(whiten().reused);
}

TEST_F(Derived, whitened_faces_of_other_pixels_are_made_anew_and_the_transform_with_them) {
  std::string hash = whiten().hash;
  std::vector<std::byte> before = faces();
  change_a_pixel();
  WhitenedInputs after = whiten();
  EXPECT_FALSE(after.reused);
  EXPECT_NE(after.hash, hash);
  EXPECT_NE(faces(), before);
}

TEST_F(Derived, a_transform_of_another_recipe_is_fitted_anew) {
  std::string hash = whiten().hash;
  recipe_.whiten.epsilon = 0.3;
  EXPECT_NE(whiten().hash, hash);
}

TEST_F(Derived, what_a_killed_process_had_half_made_is_made_anew) {
  (void)whiten();
  std::filesystem::remove(run_.path / "faces.key");
  EXPECT_FALSE(whiten().reused);
  base::write_file(run_.faces(), "short");
  EXPECT_FALSE(whiten().reused);
}

// As agewise of commit 934c3ae left them.
TEST_F(Derived, whitened_faces_of_an_older_agewise_are_taken_and_get_a_key_of_today) {
  std::string today = (whiten(), key());
  std::filesystem::remove(run_.path / "whiten.key");
  std::string transform = base::content_hash(base::read_file(run_.whitening(), 1 << 20));
  base::write_file(run_.path / "faces.key", transform + " " + first_content() + "\n");
  EXPECT_TRUE(whiten().reused);
  EXPECT_EQ(key(), today);
  base::write_file(run_.path / "faces.key", transform + " " + std::string(32, '0') + "\n");
  EXPECT_FALSE(whiten().reused);
}

TEST_F(Derived, a_damaged_file_is_refused_and_made_anew_once_it_is_deleted) {
  (void)whiten();
  for (const std::filesystem::path& file : {run_.faces(), run_.whitening()}) {
    std::vector<std::byte> whole = base::read_file(file, 1 << 20), flipped = whole;
    flipped[whole.size() - 9] ^= std::byte{1};
    base::write_file(file, flipped);
    EXPECT_THAT(error_of([&] { (void)whiten(); }),
                testing::AllOf(HasSubstr(file.string() + ": is damaged"), HasSubstr("delete it")));
    std::filesystem::remove(file);
    (void)whiten();
    EXPECT_EQ(base::read_file(file, 1 << 20), whole);
  }
}

TEST_F(Derived, a_file_of_an_agewise_without_checksums_is_taken_and_gets_one) {
  (void)whiten();
  std::string today = key();
  base::write_file(run_.path / "faces.key", today.substr(0, today.find('\n')));
  EXPECT_TRUE(whiten().reused);
  EXPECT_EQ(key(), today);
}

TEST_F(Derived, a_file_that_was_half_made_does_not_hold) {
  DerivedFile file{folder_ / "made.f32", "key", [] { return "old key"; }};
  EXPECT_THROW(make_unless_it_holds(file,
                                    [&] {
                                      base::write_file(file.path, "half");
                                      throw base::Interrupted("stopped");
                                    }),
               base::Interrupted);
  EXPECT_FALSE(holds(file));
  EXPECT_FALSE(make_unless_it_holds(file, [&] { base::write_file(file.path, "whole"); }));
  EXPECT_TRUE(make_unless_it_holds(file, [] { FAIL(); }));
}

}  // namespace
}  // namespace agewise::train
