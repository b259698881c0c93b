// What a store says of its rows is what was written, or is refused.
#include "agewise/store/rows.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "agewise/base/files.h"
#include "agewise/store/store_writer.h"
#include "tests/error_of.h"

namespace agewise::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Rows : public testing::Test {
 protected:
  Rows() {
    metadata_.recipe = recipe::load_recipe("seed");
    metadata_.recipe.face.size = 8;
    metadata_.labels = "labels.csv";
    make(/*finished=*/true);
  }
  ~Rows() override { std::filesystem::remove(file_); }

  void make(bool finished) const {
    std::filesystem::remove(file_);
    StoreWriter writer(file_, metadata_);
    for (std::int64_t row : {4, 5, 6}) {
      FaceRecord face;
      face.row = row;
      face.file = "face.jpg";
      face.person = "somebody";
      face.age = 33;
      face.split = catalog::Split::test;
      face.face = face::Face{{-0.0, 2, 30, 40.5}, 15, 0.75};
      face.replicated = 0.25;
      face.content = ~std::uint64_t{0};
      if (row == 5) face.age_range = age::Range{20, 29};
      writer.add(face, encode_face(image::make_image(8, 8, 1)), "p/face.jpg");
    }
    writer.add(RejectRecord{2, "other.jpg", catalog::Reason::undecodable, "cut short", 7}, "p/other.jpg");
    writer.set_split(6, catalog::Split::train);
    finished ? writer.finish(9) : writer.commit();
  }
  void execute(const std::string& sql) const { SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec(sql); }
  std::string error() const {
    return error_of([&] {
      Store store(file_);
      (void)store.faces();
      (void)store.rejects();
    });
  }

  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / (std::to_string(::getpid()) + "rows.db");
  StoreMetadata metadata_;
};

TEST_F(Rows, are_read_as_they_were_written) {
  EXPECT_EQ(error(), "no error");
  Store store(file_);
  EXPECT_EQ(store.faces()[2].split, catalog::Split::train);
  EXPECT_EQ(store.faces()[1].age_range->high, 29);
  EXPECT_EQ(store.rejects()[0].content, 7);
  EXPECT_EQ(store.checksums_kept(), ChecksumsKept::all);
}

TEST_F(Rows, every_changed_value_is_refused_and_its_row_named) {
  for (const char* sql :
       {"UPDATE faces SET age = 34 WHERE row = 6", "UPDATE faces SET age_sigma = 1 WHERE row = 6",
        "UPDATE faces SET gender = 2 WHERE row = 6", "UPDATE faces SET split = 1 WHERE row = 6",
        "UPDATE faces SET person = 'nobody' WHERE row = 6", "UPDATE faces SET race = 'x' WHERE row = 6",
        "UPDATE faces SET picture = 'p/other.jpg' WHERE row = 6", "UPDATE faces SET width = 1 WHERE row = 6",
        "UPDATE places SET bottom = 41 WHERE row = 6", "UPDATE places SET replicated = 0 WHERE row = 6",
        "DELETE FROM places WHERE row = 6", "INSERT INTO age_ranges VALUES (6, 30, 35)",
        "UPDATE contents SET file = 1 WHERE row = 6"}) {
    for (bool finished : {true, false}) {
      make(finished);
      execute(sql);
      EXPECT_THAT(error(), AllOf(HasSubstr(file_.string()), HasSubstr("label row 6"),
                                 HasSubstr("delete it and prepare it again")))
          << sql;
    }
  }
  for (const char* sql : {"UPDATE rejects SET reason = 1", "UPDATE rejects SET detail = ''",
                          "UPDATE contents SET file = 8 WHERE row = 2"}) {
    make(/*finished=*/true);
    execute(sql);
    EXPECT_THAT(error(), HasSubstr("label row 2")) << sql;
  }
}

TEST_F(Rows, none_may_be_missing_of_a_finished_store) {
  execute("DELETE FROM faces WHERE row = 5");
  EXPECT_THAT(error(), HasSubstr("label row 5 is missing"));
  execute("DELETE FROM records WHERE row = 5");
  EXPECT_THAT(error(), HasSubstr("its list of rows"));
}

TEST_F(Rows, changed_facts_are_refused) {
  for (const char* sql :
       {"UPDATE facts SET value = replace(value, 'seed', 'sedd') WHERE name = 'recipe'",
        "UPDATE facts SET value = '8' WHERE name = 'unasked'", "UPDATE facts SET name = 'lables' WHERE name = 'labels'",
        "DELETE FROM facts WHERE name = 'facts_checksum'"}) {
    make(/*finished=*/true);
    execute(sql);
    EXPECT_THAT(error(), HasSubstr("its metadata does not match its checksum")) << sql;
  }
}

TEST_F(Rows, an_unfinished_store_is_not_gone_on_with_where_a_row_was_changed) {
  make(/*finished=*/false);
  EXPECT_EQ(error_of([&] { StoreWriter(file_, metadata_); }), "no error");
  execute("UPDATE faces SET age = 34 WHERE row = 4");
  EXPECT_THAT(error_of([&] { StoreWriter(file_, metadata_); }), HasSubstr("label row 4"));
}

// Every bit of the pages' own structure, too.
TEST_F(Rows, no_flipped_bit_of_a_store_is_accepted_with_another_content) {
  auto content = [&]() -> std::string {
    return error_of([&] {
      Store store(file_);
      store.check_complete();
      std::string text = store.content() + store.first_content() + std::to_string(store.rejects().size());
      for (const FaceRecord& face : store.faces()) text += std::to_string(store.picture(face.row).pixels[5]);
      throw base::Error("content: " + text);
    });
  };
  std::vector<std::byte> whole = base::read_file(file_, 1 << 20);
  std::string wanted = content();
  ASSERT_THAT(wanted, HasSubstr("content: "));
  int refused = 0;
  for (std::size_t place = 0; place < whole.size(); place += place < 8192 ? 13 : 61) {
    std::vector<std::byte> flipped = whole;
    flipped[place] ^= std::byte{1} << place % 8;
    base::write_file(file_, flipped);
    std::string found = content();
    if (found.starts_with("content: ")) {
      EXPECT_EQ(found, wanted) << place;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace agewise::store
