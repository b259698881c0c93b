// A model that tells bright pictures (70 years) from dark ones (20), and such pictures.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "agewise/image/encode.h"
#include "tests/estimate/small_model.h"

namespace agewise {

inline Model bright_model() {
  Model model = small_model("prediction = \"argmax\"");
  std::span<float> weights = parameter(model, "outputs.weight");
  std::fill(weights.begin() + 128, weights.end(), 1 / 64.0F);
  parameter(model, "outputs.bias")[2] = -128;
  model.notes = {{"licence", "research only"}};
  return model;
}

inline std::vector<std::byte> grey_png(int grey, int width = 20, int height = 30) {
  Image image = make_image(width, height, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
  return encode_png(image);
}

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace agewise
