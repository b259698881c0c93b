// Pictures as the rest of agewise handles them: 8 bits a sample, upright, grey or RGB.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace agewise::image {

// Rows from the top, pixels from the left, channels interleaved; 1 channel is grey, 3 are red, green, blue.
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  // width · height · channels

  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * width * channels; }
  const std::uint8_t* row(int y) const { return pixels.data() + static_cast<std::size_t>(y) * width * channels; }
};

Image make_image(int width, int height, int channels);

// ITU-R 601 luma, rounded as libjpeg and Pillow do: (19595 R + 38470 G + 7471 B + 32768) >> 16. Grey comes back as it
// is.
Image to_grey(Image image);
Image to_rgb(Image image);

// As seen upright, by EXIF's orientation tag of the stored picture: 1 as it is, 2 mirrored, 3 upside down, 4 both, 5–8
// with rows and columns exchanged. Any other value counts as 1.
Image turned_upright(Image image, int orientation);

// Pixels, origin at the top left corner of the picture, right and bottom exclusive. May reach outside the picture.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Where a box in the stored picture of width × height pixels lies in the picture turned upright by the same tag.
Box turned_upright(const Box& box, int width, int height, int orientation);

}  // namespace agewise::image
