#include "agewise/image/image.h"

#include <stdexcept>

namespace agewise::image {

Image make_image(int width, int height, int channels) {
  if (width < 1 || height < 1 || (channels != 1 && channels != 3))
    throw std::invalid_argument("an image needs pixels of 1 or 3 channels");
  return {width, height, channels, std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * channels)};
}

Image to_grey(Image image) {
  if (image.channels == 1) return image;
  Image grey = make_image(image.width, image.height, 1);
  const std::uint8_t* from = image.pixels.data();
  for (std::uint8_t& pixel : grey.pixels) {
    pixel = static_cast<std::uint8_t>((19595 * from[0] + 38470 * from[1] + 7471 * from[2] + 32768) >> 16);
    from += 3;
  }
  return grey;
}

Image to_rgb(Image image) {
  if (image.channels == 3) return image;
  Image rgb = make_image(image.width, image.height, 3);
  std::uint8_t* to = rgb.pixels.data();
  for (std::uint8_t pixel : image.pixels) {
    to[0] = to[1] = to[2] = pixel;
    to += 3;
  }
  return rgb;
}

Image turned_upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  bool transposed = orientation >= 5;
  Image upright =
      make_image(transposed ? image.height : image.width, transposed ? image.width : image.height, image.channels);
  bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int y = 0; y < upright.height; ++y) {
    std::uint8_t* to = upright.row(y);
    for (int x = 0; x < upright.width; ++x, to += image.channels) {
      int source_x = transposed ? y : x, source_y = transposed ? x : y;
      if (from_right) source_x = image.width - 1 - source_x;
      if (from_bottom) source_y = image.height - 1 - source_y;
      const std::uint8_t* from = image.row(source_y) + static_cast<std::size_t>(source_x) * image.channels;
      for (int c = 0; c < image.channels; ++c) to[c] = from[c];
    }
  }
  return upright;
}

Box turned_upright(const Box& box, int width, int height, int orientation) {
  bool transposed = orientation >= 5 && orientation <= 8;
  bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Box turned = box;
  if (from_right) turned = {width - box.right, turned.top, width - box.left, turned.bottom};
  if (from_bottom) turned = {turned.left, height - box.bottom, turned.right, height - box.top};
  return transposed ? Box{turned.top, turned.left, turned.bottom, turned.right} : turned;
}

}  // namespace agewise::image
