#include "agewise/face/reader.h"

#include <gmock/gmock.h>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/image/resize.h"
#include "demo/portrait.h"

namespace agewise::face {
namespace {

// Someone drawn in whom HOG sees a face, a little tilted.
std::vector<std::byte> portrait_file() {
  static const std::vector<std::byte> kFile = image::encode_png(
      demo::draw_portrait(35, catalog::Gender::female, 240, 240, {1, base::Purpose::test, 0, 5}).image);
  return kFile;
}

image::Image portrait() { return *image::decode(portrait_file(), {.grey = true}).image; }

std::vector<std::byte> striped_file(int width, int height) {
  image::Image image = image::make_image(width, height, 1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i / 7 * 40);
  return image::encode_png(image);
}

PictureFaces read(const recipe::FaceRecipe& recipe, const std::vector<std::byte>& file, const Wanted& wanted,
                  bool looks_for_faces = true) {
  return FaceReader(recipe, {}, looks_for_faces).read(file, wanted);
}

TEST(FaceReader, takes_a_ready_crop_whole_whoever_is_wanted) {
  recipe::FaceRecipe ready{.size = 16};
  for (const Wanted& wanted : {Wanted(Everyone{}), Wanted(Strongest{})}) {
    PictureFaces faces = read(ready, portrait_file(), wanted);
    ASSERT_EQ(faces.cuts.size(), 1U);
    EXPECT_FALSE(faces.cuts[0].face);
    EXPECT_EQ(faces.cuts[0].image.pixels, image::resize(portrait(), 16, 16).pixels);
  }
}

// Tag 6: stored on its left side. The box of the stored picture's left third is that of the upright one's top third.
TEST(FaceReader, takes_the_labels_box_for_one_in_the_picture_as_it_is_stored) {
  std::vector<std::byte> file = base::read_file(AGEWISE_SOURCE_DIR "/tests/image/pictures/turned_6.jpg", 1 << 20);
  image::Decoded decoded = image::decode(file, {.grey = true});
  ASSERT_EQ(decoded.info.orientation, 6);
  image::Box left{0, 0, decoded.info.width / 3.0, static_cast<double>(decoded.info.height)};
  recipe::FaceRecipe recipe{.size = 8, .crop = true, .margin = 0};
  PictureFaces faces = read(recipe, file, InLabels{left}, false);
  const image::Image& upright = *decoded.image;
  image::Box top{0, 0, static_cast<double>(upright.width), upright.height / 3.0};
  EXPECT_EQ(faces.cuts.at(0).image.pixels, cut_face(upright, {top}, 0, 8, 8).image.pixels);
  // A place that a user gives is one in the upright picture.
  EXPECT_EQ(read(recipe, file, Face{top}, false).cuts.at(0).image.pixels, faces.cuts[0].image.pixels);
}

TEST(FaceReader, says_why_a_picture_gives_no_face) {
  recipe::FaceRecipe cropping{.size = 8, .crop = true}, detecting{.size = 8, .detect = true};
  detecting.no_face = recipe::NoFace::reject;
  std::vector<std::byte> stripes = striped_file(40, 30), text(9);
  EXPECT_EQ(read(cropping, text, InLabels{}).trouble, Trouble::undecodable);
  EXPECT_EQ(read(cropping, striped_file(1, 30), InLabels{}).trouble, Trouble::too_small);
  PictureFaces unlabelled = read(cropping, stripes, InLabels{});
  EXPECT_EQ(unlabelled.trouble, Trouble::bad_box);
  EXPECT_EQ(unlabelled.problem, "the labels give none");
  EXPECT_EQ(read(cropping, stripes, InLabels{image::Box{5, 5, 5, 9}}).trouble, Trouble::bad_box);
  EXPECT_EQ(read({.size = 8}, stripes, Face{{0, 0, 1e7, 9}}).trouble, Trouble::bad_box);
  PictureFaces none = read(detecting, stripes, Strongest{});
  EXPECT_EQ(none.trouble, Trouble::no_face_found);
  EXPECT_EQ(none.problem, "");
}

// In prepare by the recipe; whoever asks for everyone is never told a face that is none.
TEST(FaceReader, takes_a_picture_without_a_face_whole_only_where_one_face_is_wanted_and_the_recipe_says_so) {
  recipe::FaceRecipe detecting{.size = 8, .detect = true};
  ASSERT_EQ(detecting.no_face, recipe::NoFace::whole);
  std::vector<std::byte> stripes = striped_file(40, 30);
  PictureFaces whole = read(detecting, stripes, Strongest{});
  ASSERT_EQ(whole.cuts.size(), 1U);
  EXPECT_FALSE(whole.cuts[0].face);
  EXPECT_EQ(whole.cuts[0].image.pixels, image::resize(*image::decode(stripes).image, 8, 8).pixels);
  PictureFaces none = read(detecting, stripes, Everyone{});
  EXPECT_TRUE(none.cuts.empty());
  EXPECT_EQ(none.trouble, Trouble::no_face_found);
}

// `side` pixels of a portrait in a grey picture of width × height, as a JPEG.
std::vector<std::byte> portrait_in(int width, int height, int side) {
  image::Image picture = image::make_image(width, height, 1);
  std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{160});
  image::Image small = image::resize(portrait(), side, side);
  for (int y = 0; y < side; ++y) std::copy_n(small.row(y), side, picture.row(height / 4 + y) + width / 3);
  return image::encode_jpeg(picture, 95);
}

image::Image decoded_at(const std::vector<std::byte>& file, int reduction) {
  image::DecodeOptions options{.grey = true};
  image::Decoded whole = image::decode(file, options);
  options.enough_longer_side = std::max(whole.info.width, whole.info.height) / reduction;
  image::Decoded decoded = image::decode(file, options);
  EXPECT_EQ(decoded.reduction, reduction);
  return *decoded.image;
}

// HOG looks at 1280 pixels, so that 2560 are decoded at half the size. A face of about 800 pixels is more than the
// 64 × 64 of its cut also there, and is cut out of it.
TEST(FaceReader, cuts_a_face_out_of_the_jpeg_as_small_as_it_was_decoded_to_look_for_it) {
  std::vector<std::byte> file = portrait_in(2560, 1600, 1000);
  recipe::FaceRecipe recipe{.size = 64, .detect = true, .margin = 0.2};
  PictureFaces found = read(recipe, file, Strongest{});
  ASSERT_TRUE(found.cuts.at(0).face);
  Face face = *found.cuts[0].face;
  EXPECT_GT(face.box.right - face.box.left, 400);  // in pixels of the whole picture
  EXPECT_EQ(found.info.width, 2560);
  EXPECT_EQ(found.cuts[0].image.pixels, cut_face(decoded_at(file, 2), scaled(face, 0.5), 0.2, 64, 64).image.pixels);
  // Where the labels say where it is, the picture is read whole, as ever.
  recipe::FaceRecipe labelled{.size = 64, .crop = true, .margin = 0.2};
  PictureFaces told = read(labelled, file, InLabels{face.box}, false);
  EXPECT_EQ(told.cuts.at(0).image.pixels, cut_face(decoded_at(file, 1), {face.box}, 0.2, 64, 64).image.pixels);
}

// Of the same picture at half its size the face has about 130 pixels with its margin, fewer than the 256 of its cut: it
// comes out of the whole one.
TEST(FaceReader, decodes_a_jpeg_again_where_a_face_would_have_to_be_enlarged) {
  std::vector<std::byte> file = portrait_in(2560, 1600, 300);
  recipe::FaceRecipe recipe{.size = 256, .detect = true, .margin = 0.2};
  for (bool bounded : {false, true}) {
    base::Budget budget(2560 * 1600);
    FaceReader reader(recipe, {2560 * 1600, bounded ? &budget : nullptr});
    PictureFaces found = reader.read(file, Everyone{});
    ASSERT_EQ(found.cuts.size(), 1U);
    ASSERT_TRUE(found.cuts[0].face);
    EXPECT_EQ(found.cuts[0].image.pixels,
              cut_face(decoded_at(file, 1), *found.cuts[0].face, 0.2, 256, 256).image.pixels);
  }
  // As far as the limit allows.
  PictureFaces limited = FaceReader(recipe, {2560 * 1600 - 1}).read(file, Everyone{});
  ASSERT_EQ(limited.cuts.size(), 1U);
  EXPECT_EQ(limited.cuts[0].image.pixels,
            cut_face(decoded_at(file, 2), scaled(*limited.cuts[0].face, 0.5), 0.2, 256, 256).image.pixels);
}

TEST(FaceReader, adds_up_what_its_steps_take) {
  double time = 0;
  base::Clock clock = [&] { return time += 1; };
  ReadingSeconds seconds;
  FaceReader reader({.size = 32, .detect = true}, {});
  reader.time_steps(clock, seconds);
  for (int i = 0; i < 2; ++i) reader.read(portrait_file(), Everyone{});
  EXPECT_EQ(seconds.decoding, 2);
  EXPECT_EQ(seconds.finding, 2);
  EXPECT_EQ(seconds.cutting, 2);
}

TEST(FaceReader, bounds_what_it_decodes_by_itself_and_with_others) {
  std::vector<std::byte> large = striped_file(1000, 900);
  EXPECT_EQ(FaceReader({.size = 8}, {800'000}).read(large, Everyone{}).trouble, Trouble::undecodable);
  EXPECT_EQ(FaceReader({.size = 8}, {900'000}).read(large, Everyone{}).cuts.size(), 1U);
  base::Budget shared(900'000);
  FaceReader reader({.size = 8}, {900'000, &shared});
  EXPECT_EQ(reader.read(large, Everyone{}).cuts.size(), 1U);
  EXPECT_EQ(reader.read(large, Everyone{}).cuts.size(), 1U);  // the first gave its share back
  EXPECT_EQ(shared.take(900'000), 900'000U);
}

// 240 × 240 pixels do not fit into a limit of one fewer: the half is read.
TEST(FaceReader, tells_places_in_pixels_of_the_whole_picture_where_a_jpeg_is_too_large_to_be_read_whole) {
  std::vector<std::byte> file = image::encode_jpeg(*image::decode(portrait_file()).image, 95);
  recipe::FaceRecipe recipe{.size = 32, .detect = true, .margin = 0.2};
  FaceReader whole(recipe, {57'600}), half(recipe, {57'599});
  PictureFaces expected = whole.read(file, Strongest{}), reduced = half.read(file, Strongest{});
  ASSERT_TRUE(expected.cuts.at(0).face && reduced.cuts.at(0).face);
  image::Box a = expected.cuts[0].face->box, b = reduced.cuts[0].face->box;
  double tolerance = (a.right - a.left) / 5;
  EXPECT_NEAR(b.left, a.left, tolerance);
  EXPECT_NEAR(b.bottom, a.bottom, tolerance);
  image::Box given{20, 30, 200, 220};
  PictureFaces told = FaceReader({.size = 8, .crop = true}, {57'599}, false).read(file, InLabels{given});
  EXPECT_EQ(told.cuts.at(0).face->box.right, 200);
  EXPECT_EQ(told.cuts.at(0).face->box.top, 30);
  EXPECT_EQ(told.info.width, 240);
}

// What a network learns from labels' boxes lies in its picture as it is. HOG alone would turn this face by its tilt.
TEST(FaceReader, looks_for_the_faces_of_a_recipe_of_labels_boxes_and_cuts_them_as_by_a_label) {
  recipe::FaceRecipe recipe{.size = 128, .crop = true, .margin = 0.4};
  PictureFaces found = read(recipe, portrait_file(), Everyone{});
  ASSERT_EQ(found.cuts.size(), 1U);
  ASSERT_TRUE(found.cuts[0].face);
  EXPECT_EQ(found.cuts[0].face->angle, 0);
  PictureFaces labelled = read(recipe, portrait_file(), InLabels{found.cuts[0].face->box}, false);
  EXPECT_EQ(found.cuts[0].image.pixels, labelled.cuts.at(0).image.pixels);
  EXPECT_EQ(found.refusals, std::vector<std::string>{""});
  EXPECT_TRUE(labelled.refusals.empty());
}

TEST(FaceReader, never_takes_the_whole_picture_for_a_face_where_the_recipe_cut_by_labels) {
  PictureFaces faces = read({.size = 8, .crop = true}, striped_file(40, 30), Everyone{});
  EXPECT_TRUE(faces.cuts.empty());
  EXPECT_EQ(faces.trouble, Trouble::no_face_found);
}

// As `predict --json` prints it: found, and given back by hand.
TEST(FaceReader, cuts_the_same_face_when_it_is_told_where_it_found_it) {
  recipe::FaceRecipe recipe{.size = 32, .detect = true, .margin = 0.2};
  PictureFaces found = read(recipe, portrait_file(), Strongest{});
  ASSERT_TRUE(found.cuts.at(0).face);
  Face place{found.cuts[0].face->box, found.cuts[0].face->angle};
  EXPECT_EQ(read(recipe, portrait_file(), place, false).cuts.at(0).image.pixels, found.cuts[0].image.pixels);
}

}  // namespace
}  // namespace agewise::face
