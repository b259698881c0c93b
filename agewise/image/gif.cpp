#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "agewise/image/formats.h"

namespace agewise::image {
namespace {

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, CloseGif>;

int read_bytes(GifFileType* gif, GifByteType* to, int count) {
  auto* rest = static_cast<Bytes*>(gif->UserData);
  std::size_t n = std::min(rest->size(), static_cast<std::size_t>(count));
  std::copy_n(reinterpret_cast<const GifByteType*>(rest->data()), n, to);
  *rest = rest->subspan(n);
  return static_cast<int>(n);
}

[[noreturn]] void fail(int error) {
  const char* text = GifErrorString(error);
  throw BadPicture(text != nullptr ? text : "broken or cut short");
}

void check(int result, const Gif& gif) {
  if (result == GIF_ERROR) fail(gif->Error);
}

// The colour that shows what lies behind, of the extension that precedes a frame; -1 where there is none.
int transparent_colour(int code, const GifByteType* block) {
  GraphicsControlBlock control{};
  if (code != GRAPHICS_EXT_FUNC_CODE || block == nullptr) return -1;
  if (DGifExtensionToGCB(block[0], block + 1, &control) == GIF_ERROR) return -1;
  return control.TransparentColor;
}

// Reads up to the first frame's pixels; returns its transparent colour.
int find_first_frame(const Gif& gif) {
  int transparent = -1;
  while (true) {
    GifRecordType type = UNDEFINED_RECORD_TYPE;
    check(DGifGetRecordType(gif.get(), &type), gif);
    if (type == IMAGE_DESC_RECORD_TYPE) break;
    if (type != EXTENSION_RECORD_TYPE) throw BadPicture("holds no frame");
    int code = 0;
    GifByteType* block = nullptr;
    check(DGifGetExtension(gif.get(), &code, &block), gif);
    int found = transparent_colour(code, block);
    if (found >= 0) transparent = found;
    while (block != nullptr) check(DGifGetExtensionNext(gif.get(), &block), gif);
  }
  check(DGifGetImageDesc(gif.get()), gif);
  return transparent;
}

// The order in which a frame's rows are stored.
std::vector<int> row_order(const GifImageDesc& frame) {
  std::vector<int> rows;
  constexpr std::array<std::array<int, 2>, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};  // first row, step
  for (const auto& [first, step] : kPasses) {
    if (!frame.Interlace) break;
    for (int y = first; y < frame.Height; y += step) rows.push_back(y);
  }
  for (int y = 0; !frame.Interlace && y < frame.Height; ++y) rows.push_back(y);
  return rows;
}

// The frame over the white canvas; what of it reaches outside is lost.
void paint(const Gif& gif, int transparent, Image& canvas) {
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* colours = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
  if (colours == nullptr) throw BadPicture("has no palette");
  std::vector<GifPixelType> line(static_cast<std::size_t>(frame.Width));
  for (int y : row_order(frame)) {
    check(DGifGetLine(gif.get(), line.data(), frame.Width), gif);
    if (frame.Top + y >= canvas.height) continue;
    int visible = std::min(frame.Width, canvas.width - frame.Left);
    for (int x = 0; x < visible; ++x) {
      int colour = line[static_cast<std::size_t>(x)];
      if (colour == transparent) continue;
      if (colour >= colours->ColorCount) throw BadPicture("has a pixel whose colour is not in its palette");
      const GifColorType& rgb = colours->Colors[colour];
      std::uint8_t* to = canvas.row(frame.Top + y) + static_cast<std::ptrdiff_t>(frame.Left + x) * 3;
      to[0] = rgb.Red, to[1] = rgb.Green, to[2] = rgb.Blue;
    }
  }
}

}  // namespace

Image decode_gif(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  Bytes rest = file;
  int error = 0;
  Gif gif(DGifOpen(&rest, read_bytes, &error));
  if (!gif) fail(error);
  int transparent = find_first_frame(gif);
  const GifImageDesc& frame = gif->Image;
  info.width = gif->SWidth > 0 ? gif->SWidth : frame.Left + frame.Width;
  info.height = gif->SHeight > 0 ? gif->SHeight : frame.Top + frame.Height;
  info.channels = 3;
  check_size(info.width, info.height, options);
  check_size(frame.Width, frame.Height, options);  // of which little may lie on the canvas
  Image canvas = make_image(info.width, info.height, 3);
  std::fill(canvas.pixels.begin(), canvas.pixels.end(), std::uint8_t{255});
  paint(gif, transparent, canvas);
  return canvas;
}

}  // namespace agewise::image
