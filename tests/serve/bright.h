// A model that tells bright pictures (70 years) from dark ones (20), and such pictures.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "agewise/image/encode.h"
#include "tests/estimate/small_model.h"

namespace agewise::serve {

inline estimate::Model bright_model() {
  estimate::Model model = estimate::small_model("[predict]\npoint_estimate = \"argmax\"");
  std::span<float> weights = estimate::parameter(model, "outputs.weight");
  std::fill(weights.begin() + 128, weights.end(), 1 / 64.0F);
  estimate::parameter(model, "outputs.bias")[2] = -128;
  model.notes = {{"licence", "research only"}};
  return model;
}

inline std::vector<std::byte> grey_png(int grey, int width = 20, int height = 30) {
  image::Image image = image::make_image(width, height, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
  return image::encode_png(image);
}

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace agewise::serve
