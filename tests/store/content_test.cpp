// What tells stores apart for those who train on them.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "agewise/store/store_writer.h"
#include "tests/error_of.h"
#include "tests/store/old_store.h"

namespace agewise::store {
namespace {

using testing::HasSubstr;

class Content : public testing::Test {
 protected:
  // A store of two faces that `change` has changed.
  template <class Change>
  std::string content_with(Change change) {
    StoreMetadata metadata;
    metadata.recipe = recipe::load_recipe("seed");
    metadata.recipe.face.size = 8;
    metadata.labels = "labels.csv";
    std::vector<FaceRecord> faces(2);
    for (int i = 0; i < 2; ++i) {
      faces[i].row = i;
      faces[i].file = "face.jpg";
      faces[i].person = "Al";
      faces[i].age = 30 + i;
    }
    std::vector<image::Image> images(2, image::make_image(8, 8, 1));
    change(metadata, faces, images);
    {
      StoreWriter writer(file_, metadata);
      for (int i = 0; i < 2; ++i) writer.add(faces[i], encode_face(images[i]), "p.jpg");
      writer.finish(0);
    }
    std::string content = Store(file_).content();
    std::filesystem::remove(file_);
    return content;
  }
  using Faces = std::vector<FaceRecord>;
  using Images = std::vector<image::Image>;

  ScratchFile scratch_{"content"};
  std::filesystem::path file_ = scratch_.path;
};

TEST_F(Content, counts_pixels_labels_and_order) {
  std::string content = content_with([](auto&, auto&, auto&) {});
  EXPECT_EQ(content_with([](auto&, auto&, auto&) {}), content);
  EXPECT_NE(content_with([](auto&, Faces&, Images& images) { images[1].pixels[9] = 1; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { faces[0].age = 31.5; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { faces[0].age_sigma = 2; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { faces[0].split = catalog::Split::val; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { faces[0].gender = catalog::Gender::male; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { faces[0].person = "Bo"; }), content);
  EXPECT_NE(content_with([](auto&, Faces& faces, Images&) { std::swap(faces[0].row, faces[1].row); }), content);
}

TEST_F(Content, does_not_count_what_no_training_sees) {
  std::string content = content_with([](auto&, auto&, auto&) {});
  EXPECT_EQ(content_with([](StoreMetadata& metadata, auto&, auto&) {
              metadata.recipe.train.learning_rate = 0.5;
              metadata.recipe.name = "another";
              metadata.labels = "others.csv";
            }),
            content);
  EXPECT_EQ(content_with([](auto&, Faces& faces, Images&) {
              faces[0].file = "other.jpg";
              faces[1].row = 77;
            }),
            content);
}

// Python's xxhash: xxh3_128("8 grey\\n" + xxh3_64(64 bytes 7) + " 33 nan 2 1 8:somebody").
TEST(OldContent, of_a_store_without_checksums_is_computed_of_its_faces) {
  OldStoreFile old;
  EXPECT_EQ(Store(old.path).content(), "2:45e56be7c68fb16051d7a690dbb1169a");
}

// xxh3_128(recipe in the store + "labels.csv\\n4 face.jpg 33 nan 2 1").
TEST(OldContent, that_an_earlier_agewise_wrote_down_is_recognised) {
  OldStoreFile old;
  old.execute(
      "UPDATE facts SET value = 'name = \"old\"' || char(10) || '[face]' || char(10) || 'size = 8' || char(10) "
      "WHERE name = 'recipe'");
  EXPECT_TRUE(Store(old.path).has_content("5ef061928579dd31ecd319ad5ebc9a48"));
  old.execute("UPDATE faces SET age = 34");
  EXPECT_FALSE(Store(old.path).has_content("5ef061928579dd31ecd319ad5ebc9a48"));
}

TEST(OldContent, that_a_later_agewise_wrote_down_is_refused) {
  OldStoreFile old;
  EXPECT_THAT(error_of([&] { (void)Store(old.path).has_content("3:00"); }), HasSubstr("newer agewise"));
  EXPECT_TRUE(Store(old.path).has_content(Store(old.path).content()));
}

}  // namespace
}  // namespace agewise::store
