#include <gmock/gmock.h>

#include "agewise/estimate/estimator.h"

namespace agewise::estimate {
namespace {

using testing::ElementsAre;

// 2 × 2 pixels; red, green and blue of each.
const image::Image kColours{2, 2, 3, {1, 10, 100, 2, 20, 110, 3, 30, 120, 4, 40, 130}};

recipe::Recipe colour_recipe() {
  recipe::Recipe recipe;
  recipe.face = {2, recipe::Colour::rgb};
  return recipe;
}

std::vector<float> input_of(const recipe::Recipe& recipe, const image::Image& face, std::size_t size) {
  std::vector<float> input(size);
  to_network_input(recipe, face, input);
  return input;
}

TEST(NetworkInput, has_one_plane_a_channel) {
  EXPECT_THAT(input_of(colour_recipe(), kColours, 12), ElementsAre(1, 2, 3, 4, 10, 20, 30, 40, 100, 110, 120, 130));
}

// Caffe's VGG: blue first, means 103.939, 116.779, 123.68 in that order.
TEST(NetworkInput, takes_the_means_in_the_networks_channel_order) {
  recipe::Recipe recipe = colour_recipe();
  recipe.network.bgr = true;
  recipe.network.mean = {100, 10, 1};
  recipe.network.scale = 0.5;
  EXPECT_THAT(input_of(recipe, kColours, 12), ElementsAre(0, 5, 10, 15, 0, 5, 10, 15, 0, 0.5, 1, 1.5));
}

TEST(NetworkInput, is_the_bare_pixels_where_the_recipe_whitens) {
  recipe::Recipe recipe = colour_recipe();
  recipe.network.mean = {1, 10, 100};
  recipe.network.scale = 0.5;
  recipe.whiten.method = recipe::Whitening::zca;
  EXPECT_THAT(input_of(recipe, kColours, 12), ElementsAre(1, 2, 3, 4, 10, 20, 30, 40, 100, 110, 120, 130));
}

TEST(NetworkInput, is_the_middle_of_a_face_that_is_larger) {
  recipe::Recipe recipe = recipe::parse_recipe("[face]\nsize = 8\n[network]\nsize = 4", "small");
  image::Image face = image::make_image(8, 8, 1), own = image::make_image(4, 4, 1);
  for (std::size_t i = 0; i < 64; ++i) face.pixels[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < 16; ++i) own.pixels[i] = static_cast<std::uint8_t>(i);
  EXPECT_THAT(input_of(recipe, face, 16), ElementsAre(18, 19, 20, 21, 26, 27, 28, 29, 34, 35, 36, 37, 42, 43, 44, 45));
  EXPECT_EQ(input_of(recipe, own, 16)[5], 5);  // cut by training already
}

// Of the middle 4 × 4, in which each new pixel lies between four old ones: 18, 19, 26 and 27 make 22.5, rounded up.
TEST(NetworkInput, is_a_wider_middle_scaled_down_where_the_recipe_says_so) {
  recipe::Recipe recipe = recipe::parse_recipe("[face]\nsize = 8\n[network]\nsize = 2\nview = 4", "wide");
  image::Image face = image::make_image(8, 8, 1), own = image::make_image(2, 2, 1);
  for (std::size_t i = 0; i < 64; ++i) face.pixels[i] = static_cast<std::uint8_t>(i);
  own.pixels = {1, 2, 3, 4};
  EXPECT_THAT(input_of(recipe, face, 4), ElementsAre(23, 25, 39, 41));
  EXPECT_THAT(input_of(recipe, own, 4), ElementsAre(1, 2, 3, 4));  // scaled by training already
}

TEST(NetworkInput, refuses_a_face_that_is_not_prepared) {
  EXPECT_THROW(input_of(colour_recipe(), image::make_image(2, 2, 1), 12), std::invalid_argument);
  EXPECT_THROW(input_of(colour_recipe(), image::make_image(3, 2, 3), 12), std::invalid_argument);
  EXPECT_THROW(input_of(colour_recipe(), image::make_image(1, 1, 3), 12), std::invalid_argument);
  EXPECT_THROW(input_of(colour_recipe(), kColours, 4), std::invalid_argument);
}

// Blue first, and neither mean nor scale, which an exported network has within itself.
TEST(NetworkPixels, are_those_of_the_network_input_before_they_become_numbers) {
  recipe::Recipe recipe = colour_recipe();
  recipe.network.bgr = true;
  recipe.network.mean = {100, 10, 1};
  recipe.network.scale = 0.5;
  EXPECT_THAT(network_pixels(recipe, kColours), ElementsAre(100, 110, 120, 130, 10, 20, 30, 40, 1, 2, 3, 4));
}

}  // namespace
}  // namespace agewise::estimate
