#include "agewise/train/augment.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <set>

#include "agewise/estimate/estimator.h"
#include "agewise/train/inputs.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

recipe::Recipe recipe_with(std::vector<std::string> assignments) {
  recipe::Recipe recipe = tiny::recipe();
  assignments.insert(assignments.begin(), {"face.size=32", "face.colour=rgb"});
  recipe::set_options(recipe, assignments);
  return recipe;
}

base::Random stream(std::uint32_t sample, std::uint32_t epoch = 1) {
  return {5, base::Purpose::augment, epoch, sample};
}

struct Range {
  double least = 1e9, most = -1e9, sum = 0;
};

// Over 2,000 pictures.
Range range_of(const recipe::Recipe& recipe, const std::function<double(const Augmentation&)>& number) {
  Range range;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    double value = number(choose(recipe, stream(sample)));
    range = {std::min(range.least, value), std::max(range.most, value), range.sum + value};
  }
  return range;
}

image::Image face() {
  image::Image image = image::make_image(32, 32, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * i % 251);
  return image;
}

TEST(Augment, changes_nothing_by_default) {
  for (std::uint32_t sample = 0; sample < 50; ++sample) {
    EXPECT_EQ(augmented(face(), choose(recipe_with({}), stream(sample)), 32).pixels, face().pixels);
  }
}

TEST(Augment, keeps_to_the_ranges_of_the_recipe_and_fills_them) {
  recipe::Recipe recipe = recipe_with(
      {"augment.rotate=10", "augment.scale=0.1", "augment.shift=0.25", "augment.hue=0.1", "augment.brightness=0.4"});
  Range angle = range_of(recipe, [](const Augmentation& a) { return a.placement.angle; });
  Range scale = range_of(recipe, [](const Augmentation& a) { return a.placement.scale; });
  Range shift = range_of(recipe, [](const Augmentation& a) { return a.placement.shift_y; });
  Range hue = range_of(recipe, [](const Augmentation& a) { return a.hue; });
  Range brightness = range_of(recipe, [](const Augmentation& a) { return a.brightness; });
  auto expect = [](const Range& range, double least, double most) {
    double length = most - least;
    EXPECT_TRUE(range.least >= least && range.least < least + 0.01 * length) << range.least;
    EXPECT_TRUE(range.most <= most && range.most > most - 0.01 * length) << range.most;
    EXPECT_NEAR(range.sum / 2000, (least + most) / 2, 0.02 * length);  // three standard errors: 3 / √(12 · 2000)
  };
  expect(angle, -10, 10);
  expect(scale, 0.9, 1.1);
  expect(shift, -8, 8);  // of 32 pixels
  expect(hue, -36, 36);
  expect(brightness, 0.6, 1.4);
}

TEST(Augment, does_the_costly_ones_as_often_as_the_recipe_says) {
  recipe::Recipe recipe = recipe_with({"augment.blur=0.5", "augment.jpeg=0.2", "augment.erase=1", "augment.grey=0.1"});
  EXPECT_NEAR(range_of(recipe, [](const Augmentation& a) { return a.blur_factor > 1 ? 1 : 0; }).sum, 1000, 67);
  EXPECT_NEAR(range_of(recipe, [](const Augmentation& a) { return a.jpeg_quality > 0 ? 1 : 0; }).sum, 400, 54);
  EXPECT_NEAR(range_of(recipe, [](const Augmentation& a) { return a.erased ? 1 : 0; }).sum, 2000, 0);
  EXPECT_NEAR(range_of(recipe, [](const Augmentation& a) { return a.saturation == 0 ? 1 : 0; }).sum, 200, 40);
  EXPECT_EQ(range_of(recipe, [](const Augmentation& a) { return a.noise_deviation; }).most, 0);
}

TEST(Augment, erases_a_patch_inside_the_picture_of_at_most_the_area) {
  recipe::Recipe recipe = recipe_with({"augment.erase=1", "augment.erase_area=0.2"});
  for (std::uint32_t sample = 0; sample < 500; ++sample) {
    image::Patch patch = *choose(recipe, stream(sample)).erased;
    EXPECT_TRUE(patch.left >= 0 && patch.top >= 0 && patch.right <= 32 && patch.bottom <= 32);
    int width = patch.right - patch.left, height = patch.bottom - patch.top;
    EXPECT_LE(width * height, 0.2 * 32 * 32 + 32);  // sides are rounded
    EXPECT_GT(width * height, 0);
  }
}

TEST(Augment, is_a_function_of_seed_epoch_and_sample) {
  recipe::Recipe recipe = recipe_with({"augment.rotate=30", "augment.noise=1", "augment.erase=1", "augment.jpeg=1"});
  auto picture = [&](std::uint32_t sample, std::uint32_t epoch) {
    return augmented(face(), choose(recipe, stream(sample, epoch)), 32).pixels;
  };
  EXPECT_EQ(picture(3, 1), picture(3, 1));
  EXPECT_NE(picture(3, 1), picture(3, 2));
  EXPECT_NE(picture(3, 1), picture(4, 1));
}

TEST(Augment, one_key_leaves_the_choices_of_the_others_alone) {
  for (std::uint32_t sample = 0; sample < 20; ++sample) {
    Augmentation few = choose(recipe_with({"augment.rotate=30", "augment.erase=1"}), stream(sample));
    Augmentation more = choose(recipe_with({"augment.rotate=30", "augment.erase=1", "augment.mirror=true",
                                            "augment.tint=0.2", "augment.blur=1", "augment.noise=1"}),
                               stream(sample));
    EXPECT_EQ(few.placement.angle, more.placement.angle);
    EXPECT_EQ(few.erased->left, more.erased->left);
    EXPECT_EQ(few.erased_seed, more.erased_seed);
  }
}

TEST(Augment, scans_as_often_as_the_recipe_says_and_leaves_all_other_choices_alone) {
  std::vector<std::string> keys{"augment.mirror=true", "augment.rotate=30", "augment.grey=0.5", "augment.tint=0.2",
                                "augment.blur=0.5",    "augment.noise=0.5", "augment.jpeg=0.5", "augment.erase=1"};
  recipe::Recipe without = recipe_with(keys);
  keys.emplace_back("augment.scan=0.3");
  recipe::Recipe with = recipe_with(keys);
  int scans = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    Augmentation a = choose(without, stream(sample)), b = choose(with, stream(sample));
    EXPECT_FALSE(a.scan.has_value());
    scans += b.scan ? 1 : 0;
    b.scan.reset();
    ASSERT_EQ(augmented(face(), a, 32).pixels, augmented(face(), b, 32).pixels);
  }
  EXPECT_NEAR(scans, 600, 61);  // three deviations
}

// Runs of earlier versions go on as they began: 26 numbers of two words each come first (7 of the placement, 8 of the
// colours, 3 strengths, 4 of the patch, 4 of what happens), then the seeds, then what came later.
TEST(Augment, draws_seeds_where_earlier_versions_did) {
  base::Random random = stream(7);
  for (int word = 0; word < 52; ++word) random.bits();
  auto next = [&] {
    std::uint64_t high = random.bits();
    return (high << 32) | random.bits();
  };
  Augmentation what = choose(recipe_with({"augment.scan=1"}), stream(7));
  EXPECT_EQ(what.noise_seed, next());
  EXPECT_EQ(what.erased_seed, next());
  EXPECT_EQ(what.scan_seed, next());
}

TEST(Augment, scans_before_the_noise_by_the_samples_seed) {
  Augmentation what = choose(recipe_with({"augment.scan=1", "augment.noise=1"}), stream(3));
  image::Image expected = image::scanned(face(), *what.scan, what.scan_seed);
  EXPECT_NE(expected.pixels, face().pixels);
  image::add_noise(expected, what.noise_deviation, what.noise_seed);
  EXPECT_EQ(augmented(face(), what, 32).pixels, expected.pixels);
  EXPECT_NE(what.scan_seed, choose(recipe_with({"augment.scan=1"}), stream(4)).scan_seed);
}

// Of ten effects a scan has a few; strong grain is rarer than weak.
TEST(Augment, draws_scans_from_hardly_visible_to_strong) {
  int effects = 0, most = 0, fine = 0, fine_and_strong = 0, coarse = 0;
  for (std::uint32_t sample = 0; sample < 4000; ++sample) {
    image::Scan scan = choose_scan(stream(sample));
    int own = 0;
    for (bool there : {scan.softness > 0, scan.grain.deviation > 0, scan.halftone.amount > 0, scan.tone.white[0] != 255,
                       scan.light.vignette > 0, scan.texture.deviation > 0, scan.marks.specks > 0,
                       scan.noise.deviation > 0, scan.sharpening.amount > 0, scan.jpeg_quality > 0}) {
      own += there ? 1 : 0;
    }
    effects += own, most = std::max(most, own);
    if (scan.grain.deviation == 0) continue;
    ASSERT_LE(scan.grain.deviation, 30 / std::sqrt(std::max(1.0, scan.grain.size)));
    fine += scan.grain.size < 1 ? 1 : 0;
    fine_and_strong += scan.grain.size < 1 && scan.grain.deviation > 15 ? 1 : 0;
    coarse += scan.grain.size > 2.25 ? 1 : 0;
  }
  EXPECT_NEAR(effects / 4000.0, 4.2, 0.2);
  EXPECT_LT(most, 10);
  EXPECT_NEAR(coarse, 1500, 92);                       // half of three quarters, three deviations
  EXPECT_NEAR(fine, 429, 60);                          // of 0.5 … 4 pixels, less than 1: a seventh
  EXPECT_NEAR(fine_and_strong, 0.23 * fine, 3 * 8.7);  // of 1.5 … 30 in octaves, 15 and more: log 2 / log 20
}

// 32 stored, 24 wanted: nine places each way, each pixel as it is stored.
TEST(Augment, cuts_the_networks_size_out_of_the_stored_face_at_every_place) {
  recipe::Recipe recipe = recipe_with({"network.size=24", "augment.crop=true"});
  std::set<std::pair<int, int>> places;
  for (std::uint32_t sample = 0; sample < 1000; ++sample) {
    Augmentation what = choose(recipe, stream(sample));
    int left = static_cast<int>(what.placement.centre_x) - 12, top = static_cast<int>(what.placement.centre_y) - 12;
    places.insert({left, top});
    image::Image cut = augmented(face(), what, 24);
    ASSERT_EQ(cut.row(5)[3 * 7 + 1], face().row(top + 5)[3 * (left + 7) + 1]);
  }
  EXPECT_EQ(places.size(), 81);
  EXPECT_EQ(places.begin()->first, 0);
  EXPECT_EQ(places.rbegin()->first, 8);
}

// Without a change of its own, training shows the network what it is shown afterwards; with one, as much of the face.
TEST(Augment, scales_a_wider_view_down_as_a_test_does) {
  recipe::Recipe recipe = recipe_with({"network.size=12", "network.center_crop=20"});
  auto input = [&](const image::Image& picture) {
    std::vector<float> values(input_size(recipe));
    estimate::to_network_input(recipe, picture, values);
    return values;
  };
  Augmentation what = choose(recipe, stream(1));
  EXPECT_EQ(input(augmented(face(), what, 12)), input(face()));
  what.placement.mirrored = true;
  // Weights of eleven bits from the left and from the right round by a grey level differently.
  EXPECT_THAT(input(augmented(face(), what, 12)),
              testing::Pointwise(testing::FloatNear(1.0F), input(image::turned_upright(face(), 2))));
}

// 13 pixels are left over: the middle lies half a pixel off the face's, in both.
TEST(Augment, cuts_an_uneven_view_where_a_test_does) {
  recipe::Recipe recipe = recipe_with({"network.size=12", "network.center_crop=19"});
  std::vector<float> trained(input_size(recipe)), tested(input_size(recipe));
  estimate::to_network_input(recipe, augmented(face(), choose(recipe, stream(1)), 12), trained);
  estimate::to_network_input(recipe, face(), tested);
  EXPECT_EQ(trained, tested);
}

// 32 stored, 24 seen as 12: each pixel is the mean of four, at nine places each way.
TEST(Augment, draws_the_place_of_a_wider_view_too) {
  recipe::Recipe recipe = recipe_with({"network.size=12", "network.center_crop=24", "augment.crop=true"});
  std::set<int> places;
  for (std::uint32_t sample = 0; sample < 200; ++sample) {
    Augmentation what = choose(recipe, stream(sample));
    int left = static_cast<int>(what.placement.centre_x) - 12, top = static_cast<int>(what.placement.centre_y) - 12;
    places.insert(left);
    image::Image whole = face();
    auto at = [&](int x, int y) { return int{whole.row(top + y)[3 * (left + x)]}; };
    ASSERT_NEAR(augmented(whole, what, 12).row(3)[3 * 5], (at(10, 6) + at(11, 6) + at(10, 7) + at(11, 7)) / 4.0, 0.51);
  }
  EXPECT_EQ(places.size(), 9);
  EXPECT_EQ(*places.begin(), 0);
  EXPECT_EQ(*places.rbegin(), 8);
}

TEST(Augment, mirrors_half_of_the_pictures) {
  recipe::Recipe recipe = recipe_with({"augment.mirror=true"});
  int mirrored = 0;
  for (std::uint32_t sample = 0; sample < 400; ++sample) {
    std::vector<std::uint8_t> pixels = augmented(face(), choose(recipe, stream(sample)), 32).pixels;
    bool is_mirrored = pixels == image::turned_upright(face(), 2).pixels;
    EXPECT_TRUE(is_mirrored || pixels == face().pixels);
    mirrored += is_mirrored ? 1 : 0;
  }
  EXPECT_NEAR(mirrored, 200, 30);  // three deviations of a fair coin
}

TEST(InputsFromStore, are_augmented_in_an_epoch_and_plain_when_tested) {
  tiny::Folder folder;
  recipe::Recipe recipe = tiny::recipe();
  recipe::set_options(recipe, {"network.size=6", "augment.noise=1"});
  tiny::make_store(folder / "faces.db");
  store::Store store(folder / "faces.db");
  std::vector<store::FaceRecord> faces = store.faces();
  InputSource source = inputs_from_stores(recipe, store, faces);
  std::vector<float> plain(36), first(36), second(36), middle(36);
  source(4, 0, plain), source(4, 1, first), source(4, 2, second);
  estimate::to_network_input(recipe, store.picture(faces[4].row), middle);
  EXPECT_EQ(plain, middle);
  EXPECT_NE(first, plain);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace agewise::train
