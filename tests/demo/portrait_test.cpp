#include "demo/portrait.h"

#include <gtest/gtest.h>

#include <cmath>

#include "demo/camera.h"

namespace agewise::demo {
namespace {

base::Random for_person(std::uint32_t who) { return {1, base::Purpose::test, 0, who}; }

TEST(Portrait, is_of_the_size_asked_for_with_the_face_within) {
  for (std::uint32_t who = 0; who < 60; ++who) {
    Portrait portrait = draw_portrait(who * 1.6, catalog::Gender::unknown, 100 + who, 250 - who, for_person(who));
    EXPECT_EQ(portrait.image.width, 100 + static_cast<int>(who));
    EXPECT_EQ(portrait.image.height, 250 - static_cast<int>(who));
    EXPECT_GT(portrait.face.left, -5);
    EXPECT_GT(portrait.face.top, 0);
    EXPECT_LT(portrait.face.right, portrait.image.width + 5);
    EXPECT_LT(portrait.face.bottom, portrait.image.height);
    EXPECT_GT(portrait.face.right - portrait.face.left, portrait.image.width * 0.4);
  }
}

TEST(Portrait, of_the_same_random_stream_is_the_same) {
  Portrait one = draw_portrait(40, catalog::Gender::female, 120, 120, for_person(3));
  Portrait again = draw_portrait(40, catalog::Gender::female, 120, 120, for_person(3));
  EXPECT_EQ(one.image.pixels, again.image.pixels);
  EXPECT_NE(one.image.pixels, draw_portrait(40, catalog::Gender::female, 120, 120, for_person(4)).image.pixels);
}

struct MeanLooks {
  double eye_size = 0, eye_y = 0, wrinkles = 0, receding = 0, grey = 0;
};

MeanLooks mean_looks(double age, catalog::Gender gender) {
  constexpr int kPeople = 300;
  MeanLooks mean;
  for (std::uint32_t who = 0; who < kPeople; ++who) {
    base::Random random = for_person(who);
    Looks looks = looks_of(age, gender, random);
    mean.eye_size += looks.eye_size / kPeople;
    mean.eye_y += looks.eye_y / kPeople;
    mean.wrinkles += looks.wrinkles / kPeople;
    mean.receding += looks.receding / kPeople;
    mean.grey += (looks.hair.blue > 0.7 ? 1.0 : 0.0) / kPeople;
  }
  return mean;
}

TEST(Looks, of_children_are_big_eyes_low_in_the_head) {
  for (catalog::Gender gender : {catalog::Gender::female, catalog::Gender::male}) {
    MeanLooks child = mean_looks(3, gender), adult = mean_looks(30, gender);
    EXPECT_GT(child.eye_size, 1.2 * adult.eye_size);
    EXPECT_GT(child.eye_y, adult.eye_y + 0.1);
  }
}

TEST(Looks, of_the_old_are_wrinkles_and_grey_hair_that_recedes_from_men) {
  MeanLooks young = mean_looks(25, catalog::Gender::male), middle = mean_looks(50, catalog::Gender::male),
            old = mean_looks(80, catalog::Gender::male);
  EXPECT_LT(young.wrinkles, 0.15);
  EXPECT_GT(middle.wrinkles, young.wrinkles + 0.15);
  EXPECT_GT(old.wrinkles, middle.wrinkles + 0.3);
  EXPECT_LT(young.grey, 0.05);
  EXPECT_GT(old.grey, 0.7);
  EXPECT_GT(old.receding, young.receding + 0.4);
  EXPECT_EQ(mean_looks(80, catalog::Gender::female).receding, 0);
}

// Sideways light and people of all skins differ more than the years do, but noise must not be all that there is.
TEST(Camera, adds_less_noise_than_there_is_picture) {
  image::Image flat = image::make_image(64, 64, 3);
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{128});
  for (std::uint32_t shot = 0; shot < 50; ++shot) {
    base::Random random = for_person(shot);
    image::Image image = image::to_grey(photographed(flat, random));
    double sum = 0, squares = 0;
    for (std::uint8_t pixel : image.pixels) {
      sum += pixel;
      squares += pixel * pixel;
    }
    double mean = sum / image.pixels.size(), deviation = std::sqrt(squares / image.pixels.size() - mean * mean);
    EXPECT_LT(deviation, 11);
    EXPECT_GT(mean, 40);
    EXPECT_LT(mean, 215);
  }
}

}  // namespace
}  // namespace agewise::demo
