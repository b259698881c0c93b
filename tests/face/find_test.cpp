// The search, and with it both detectors, on faces that are pasted on a larger picture.
#include "agewise/face/detector.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <set>
#include <string>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "agewise/face/angle_search.h"
#include "agewise/face/crop.h"
#include "agewise/face/overlap.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/decode.h"
#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

const std::filesystem::path kShared = AGEWISE_SHARED_DIR;
const std::filesystem::path kFaces = kShared / "data/utkface.tar";
const std::filesystem::path kFlickrFaces = kShared / "data/fairface.tar";
const std::filesystem::path kYunet = kShared / "peers/models/yunet_n_320_320.onnx";

double between_angles(double a, double b) {
  double difference = std::fmod(std::abs(a - b), 360);
  return std::min(difference, 360 - difference);
}

// Soft stripes in which nobody looks out.
image::Image background(int width, int height) {
  image::Image image = image::make_image(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(120 + 50 * std::sin(x * 0.02 + y * 0.013));
  }
  return image;
}

// `face` turned clockwise by `angle`, its middle at `at`, on `photo`.
void paste(image::Image& photo, const image::Image& face, double angle, Point at) {
  Turn to_face = turn_about(at, -angle, {face.width / 2.0, face.height / 2.0});
  image::Image moved = turned(face, to_face, photo.width, photo.height);
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x) {
      Point p = to_face({x + 0.5, y + 0.5});
      if (p.x >= 0 && p.y >= 0 && p.x < face.width && p.y < face.height) photo.row(y)[x] = moved.row(y)[x];
    }
  }
}

// The pictures of a tar for which `wanted`, called with their number and name, says so.
template <class Wanted>
std::vector<image::Image> pictures(const std::filesystem::path& file, bool grey, Wanted wanted) {
  std::vector<image::Image> found;
  archive* tar = archive_read_new();
  archive_read_support_format_tar(tar);
  archive_read_open_filename(tar, file.c_str(), 1 << 16);
  archive_entry* entry = nullptr;
  for (int i = 0; archive_read_next_header(tar, &entry) == ARCHIVE_OK; ++i) {
    if (!wanted(i, std::string(archive_entry_pathname(entry)))) continue;
    std::vector<std::byte> bytes(static_cast<std::size_t>(archive_entry_size(entry)));
    if (archive_read_data(tar, bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size())) continue;
    if (image::Decoded decoded = image::decode(bytes, {.grey = grey}); decoded.image) found.push_back(*decoded.image);
  }
  archive_read_free(tar);
  return found;
}

// Every `step`th picture of UTKFace, grey, 200 × 200.
std::vector<image::Image> real_faces(int count, int step) {
  return pictures(kFaces, true, [&](int i, const std::string&) { return i % step == step / 2 && i / step < count; });
}

TEST(Overlap, is_intersection_over_union) {
  EXPECT_EQ(overlap({0, 0, 2, 2}, {1, 0, 3, 2}), 2 / 6.0);
  EXPECT_EQ(overlap({0, 0, 2, 2}, {2, 0, 3, 2}), 0);
  EXPECT_EQ(overlap({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
}

TEST(DexAngles, are_the_28_of_the_paper) {
  std::vector<double> angles(dex_angles().begin(), dex_angles().end());
  EXPECT_EQ(angles.size(), 28U);
  std::sort(angles.begin(), angles.end());
  EXPECT_EQ(angles.front(), -90);
  EXPECT_EQ(angles[1], -60);
  EXPECT_EQ(angles[2], -55);
  EXPECT_EQ(angles[25], 60);
  EXPECT_EQ(angles[26], 90);
  EXPECT_EQ(angles[27], 180);
}

TEST(FindFaces, finds_none_where_there_is_none) {
  auto detector = make_detector("hog");
  EXPECT_TRUE(detector->find(background(300, 200), recipe::Rotations::coarse_to_fine, true).empty());
  EXPECT_TRUE(detector->find(image::make_image(1, 1, 3), recipe::Rotations::all, true).empty());
  EXPECT_TRUE(detector->find(image::make_image(3000, 2, 1), recipe::Rotations::coarse_to_fine, false).empty());
}

TEST(Yunet, refuses_another_network_and_a_missing_file_by_name) {
  std::filesystem::path other = kShared / "peers/models/dlib_age_v1.onnx";
  for (const std::filesystem::path& file : {other, std::filesystem::path("missing.onnx")}) {
    if (file == other && !std::filesystem::exists(other)) continue;
    try {
      make_detector(file.string());
      ADD_FAILURE() << file;
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  }
}

// By HOG and by YuNet.
class RealFaces : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (const std::filesystem::path& file : {kFaces, kYunet}) {
      bool needed = file == kFaces || GetParam() != "hog";
      if (needed && !std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
    }
    detector_ = make_detector(GetParam());
  }
  // Pixels, of 200: YuNet's boxes follow a turned head.
  double more() const { return GetParam() == "hog" ? 0 : 5; }
  std::unique_ptr<Detector> detector_;
};
INSTANTIATE_TEST_SUITE_P(By, RealFaces, testing::Values("yunet", kYunet.string()),
                         [](const auto& test) { return test.param == kYunet.string() ? "yunets_file" : test.param; });
// dlib's detector looks at each picture many times: minutes under a sanitizer.
INSTANTIATE_TEST_SUITE_P(SlowBy, RealFaces, testing::Values("hog"), [](const auto& test) { return test.param; });

// A face of UTKFace fills its picture: the box is most of it, about its middle.
TEST_P(RealFaces, are_found_at_the_angle_and_the_place_where_they_lie) {
  std::vector<image::Image> faces = real_faces(12, 1500);
  ASSERT_EQ(faces.size(), 12U);
  int found = 0;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    double step = (GetParam() == "hog") ? 30 : 6, angle = step * (static_cast<double>(i) - 5.5);
    image::Image photo = background(640, 480);
    Point at{200 + 20.0 * static_cast<double>(i), 240};
    paste(photo, faces[i], angle, at);
    std::vector<Face> all = detector_->find(photo, recipe::Rotations::coarse_to_fine, false);
    if (all.empty()) continue;
    ++found;
    EXPECT_LE(between_angles(all[0].angle, angle), 15) << i;
    EXPECT_NEAR(middle(all[0].box).x, at.x, 25 + more()) << i;
    EXPECT_NEAR(middle(all[0].box).y, at.y, 25 + more()) << i;
    EXPECT_NEAR(all[0].box.right - all[0].box.left, 180, 40) << i;
  }
  EXPECT_GE(found, 11);
}

TEST_P(RealFaces, are_the_same_at_all_of_dex_s_angles_and_coarse_to_fine) {
  if (GetParam() != "hog") GTEST_SKIP() << "is not shown pictures at other angles";
  for (const image::Image& face : real_faces(3, 4000)) {
    image::Image photo = background(320, 240);
    paste(photo, image::resize(face, 120, 120), 30, {150, 120});
    std::vector<Face> all = detector_->find(photo, recipe::Rotations::all, false);
    std::vector<Face> few = detector_->find(photo, recipe::Rotations::coarse_to_fine, false);
    ASSERT_FALSE(all.empty());
    ASSERT_FALSE(few.empty());
    EXPECT_LE(between_angles(all[0].angle, few[0].angle), 10);
    EXPECT_GT(overlap(all[0].box, few[0].box), 0.6);
  }
}

TEST_P(RealFaces, of_one_photograph_are_all_found_small_ones_too_and_each_once) {
  std::vector<image::Image> faces = real_faces(5, 3500);
  image::Image photo = background(1600, 1200);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    paste(photo, image::resize(faces[i], 160, 160), 0,
          {150 + 320.0 * static_cast<double>(i), 300 + 120.0 * static_cast<double>(i)});
  }
  std::vector<Face> all = detector_->find(photo, recipe::Rotations::coarse_to_fine, true);
  EXPECT_GE(all.size(), 4U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    int place = static_cast<int>(std::lround((middle(all[i].box).x - 150) / 320));
    EXPECT_NEAR(middle(all[i].box).x, 150 + 320.0 * place, 20 + more());
    EXPECT_NEAR(middle(all[i].box).y, 300 + 120.0 * place, 20 + more());
    for (std::size_t j = 0; j < i; ++j) EXPECT_LT(overlap(all[i].box, all[j].box), 0.1);
  }
}

TEST_P(RealFaces, that_fill_the_picture_are_found_as_they_are) {
  std::vector<image::Image> faces = real_faces(20, 1000);
  int found = 0;
  for (const image::Image& face : faces)
    found += detector_->find(face, recipe::Rotations::coarse_to_fine, false).empty() ? 0 : 1;
  EXPECT_GE(found, 19);
}

// Seconds of this thread's processor time, whatever else the machine does.
double seconds_to_find(Detector& detector, const image::Image& picture, std::vector<Face>& found) {
  auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  double start = now();
  found = detector.find(picture, recipe::Rotations::coarse_to_fine, true);
  return now() - start;
}

// What a picture without anything on it costs here: the measure for pictures that are made to cost more.
double seconds_for_nothing(Detector& detector, int width, int height) {
  std::vector<Face> found;
  image::Image picture = background(width, height);
  seconds_to_find(detector, picture, found);  // the first makes the networks' memory
  return seconds_to_find(detector, picture, found);
}

// HOG is occupied by such noise for more than 40 s.
TEST(SlowFind, takes_a_bounded_time_for_noise_and_chequered_pictures_of_49_megapixels) {
  auto detector = make_detector("yunet");
  image::Image picture = image::make_image(7000, 7000, 1);
  std::vector<Face> found;
  base::Random random(1, base::Purpose::test, 0, 0);
  for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  double limit = 4 * seconds_for_nothing(*detector, 7000, 7000);
  EXPECT_LT(seconds_to_find(*detector, picture, found), limit);
  EXPECT_TRUE(found.empty());
  for (int cell : {40, 150, 600}) {
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x)
        picture.row(y)[x] = static_cast<std::uint8_t>((x / cell + y / cell) % 2 == 0 ? 240 : 10);
    }
    EXPECT_LT(seconds_to_find(*detector, picture, found), limit) << cell;
    EXPECT_TRUE(found.empty()) << cell;
  }
}

TEST(AnyAngle, finds_a_crowd_of_500_in_bounded_time) {
  if (!std::filesystem::exists(kFaces)) GTEST_SKIP() << kFaces << " is not here";
  auto detector = make_detector("yunet");
  std::vector<image::Image> faces = real_faces(5, 3500);
  image::Image photo = background(1500, 1200);
  for (int i = 0; i < 500; ++i) {
    image::Image small = image::resize(faces[static_cast<std::size_t>(i % 5)], 52, 52);
    for (int y = 0; y < 52; ++y)
      std::copy_n(small.row(y), 52, photo.row(4 + 60 * (i / 25) + y - (i / 25 == 19 ? 4 : 0)) + 4 + 60 * (i % 25));
  }
  std::vector<Face> found;
  EXPECT_LT(seconds_to_find(*detector, photo, found), 250 * seconds_for_nothing(*detector, 1500, 1200));
  EXPECT_GE(found.size(), 400U);
  EXPECT_LE(found.size(), 500U);
}

TEST(AnyAngle, finds_faces_seen_from_the_side_and_takes_them_for_upright_ones) {
  if (!std::filesystem::exists(kFlickrFaces)) GTEST_SKIP() << kFlickrFaces << " is not here";
  const std::set<std::string> from_the_side{"fairface/train_20159.jpg", "fairface/train_33409.jpg",
                                            "fairface/train_1391.jpg", "fairface/train_9185.jpg"};
  auto detector = make_detector("yunet");
  std::vector<image::Image> all =
      pictures(kFlickrFaces, false, [&](int, const std::string& name) { return from_the_side.contains(name); });
  ASSERT_EQ(all.size(), 4U);
  for (const image::Image& picture : all) {
    std::vector<Face> faces = detector->find(picture, recipe::Rotations::coarse_to_fine, true);
    ASSERT_EQ(faces.size(), 1U);
    EXPECT_LT(std::abs(faces[0].angle), 30);
  }
}

TEST(AnyAngle, finds_a_face_at_the_same_place_in_a_picture_and_in_its_mirror_image) {
  if (!std::filesystem::exists(kFaces)) GTEST_SKIP() << kFaces << " is not here";
  auto detector = make_detector("yunet");
  std::vector<image::Image> all = real_faces(16, 1300);
  ASSERT_EQ(all.size(), 16U);
  std::vector<double> off;  // in sides of the face
  for (std::size_t i = 0; i < all.size(); ++i) {
    image::Image photo = background(640, 480);
    paste(photo, all[i], 40.0 * static_cast<double>(i), {300, 240});
    std::vector<Face> faces = detector->find(photo, recipe::Rotations::coarse_to_fine, true),
                      mirrored =
                          detector->find(image::turned_upright(photo, 2), recipe::Rotations::coarse_to_fine, true);
    if (faces.empty() || mirrored.empty()) continue;
    Point one = middle(faces[0].box), other = middle(mirrored[0].box);
    off.push_back(std::hypot(one.x - (640 - other.x), one.y - other.y) / side_of(faces[0].box));
  }
  ASSERT_GE(off.size(), 13U);
  std::sort(off.begin(), off.end());
  EXPECT_LT(off[off.size() / 2], 0.017);
}

// As a scan of a rough grey print has it: noise of this deviation, in grains two pixels wide.
image::Image with_grain(const image::Image& picture, double deviation, std::uint64_t seed) {
  image::Image noise = image::make_image((picture.width + 1) / 2, (picture.height + 1) / 2, 1), grainy = picture;
  std::fill(noise.pixels.begin(), noise.pixels.end(), std::uint8_t{128});
  image::add_noise(noise, deviation, seed);
  noise = image::resize(noise, picture.width, picture.height);
  for (std::size_t i = 0; i < grainy.pixels.size(); ++i) {
    int value = picture.pixels[i] + noise.pixels[i] - 128;
    grainy.pixels[i] = static_cast<std::uint8_t>(std::clamp(value, 0, 255));
  }
  return grainy;
}

TEST(AnyAngle, finds_faces_under_the_grain_of_a_rough_print_and_none_in_grain_alone) {
  if (!std::filesystem::exists(kFaces)) GTEST_SKIP() << kFaces << " is not here";
  auto detector = make_detector("yunet");
  int found = 0, at_their_place = 0, upright = 0, in_colour = 0;
  for (const image::Image& face : real_faces(40, 500)) {
    image::Image rough = with_grain(face, 28, 1);
    std::vector<Face> clean = detector->find(face, recipe::Rotations::coarse_to_fine, false),
                      grainy = detector->find(rough, recipe::Rotations::coarse_to_fine, false);
    std::vector<Face> standing = detector->find(rough, recipe::Rotations::upright, false);
    upright += !standing.empty() && standing[0].angle == 0;
    in_colour += !detector->find(image::to_rgb(rough), recipe::Rotations::coarse_to_fine, false).empty();
    if (clean.empty() || grainy.empty()) continue;
    ++found;
    at_their_place += overlap(clean[0].box, grainy[0].box) > 0.6;
  }
  EXPECT_GE(found, 34);
  EXPECT_GE(at_their_place, found - 1);
  EXPECT_GE(upright, 34);
  EXPECT_EQ(in_colour, found);
  for (const image::Image& nobody : {background(640, 480), background(3000, 2), background(1, 1)}) {
    image::Image rough = image::to_rgb(with_grain(nobody, 28, 1));
    EXPECT_TRUE(detector->find(rough, recipe::Rotations::coarse_to_fine, false).empty()) << nobody.width;
  }
}

// Each pixel as four, so that made small again it is the same picture.
image::Image doubled(const image::Image& picture) {
  image::Image large = image::make_image(2 * picture.width, 2 * picture.height, 1);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) large.row(y)[x] = picture.row(y / 2)[x / 2];
  }
  return large;
}

TEST(AnyAngle, finds_faces_under_grain_at_their_place_in_a_picture_larger_than_it_looks_at) {
  if (!std::filesystem::exists(kFaces)) GTEST_SKIP() << kFaces << " is not here";
  auto detector = make_detector("yunet");
  int found = 0;
  for (const image::Image& face : real_faces(12, 1700)) {
    image::Image photo = background(640, 480);
    paste(photo, face, 0, {320, 240});
    std::vector<Face> clean = detector->find(photo, recipe::Rotations::coarse_to_fine, false),
                      large =
                          detector->find(doubled(with_grain(photo, 28, 1)), recipe::Rotations::coarse_to_fine, false);
    if (clean.empty() || large.empty()) continue;
    ++found;
    EXPECT_GT(overlap(scaled(clean[0].box, 2), large[0].box), 0.5);
  }
  EXPECT_GE(found, 8);
}

TEST(AnyAngle, finds_one_face_of_4000_pixels_at_its_place) {
  if (!std::filesystem::exists(kFaces)) GTEST_SKIP() << kFaces << " is not here";
  auto detector = make_detector("yunet");
  double limit = 4 * seconds_for_nothing(*detector, 4000, 4000);
  for (const image::Image& face : real_faces(3, 4000)) {
    std::vector<Face> small = detector->find(face, recipe::Rotations::coarse_to_fine, true), large;
    EXPECT_LT(seconds_to_find(*detector, image::resize(face, 4000, 4000), large), limit);
    ASSERT_EQ(small.size(), 1U);
    ASSERT_EQ(large.size(), 1U);
    EXPECT_GT(overlap(scaled(small[0].box, 20), large[0].box), 0.85);
    EXPECT_LE(between_angles(small[0].angle, large[0].angle), 4);
  }
}

}  // namespace
}  // namespace agewise::face
