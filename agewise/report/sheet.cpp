#include "agewise/report/sheet.h"

#include "agewise/image/resize.h"
#include "agewise/report/canvas.h"

namespace agewise::report {
namespace {

constexpr int kEdge = 24, kGap = 12, kTitleHeight = 44, kCaptionHeight = 22;
constexpr double kCaptionSize = 13, kTitleSize = 18;

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string cut_to(Canvas& canvas, std::string text, double width, double size) {
  if (canvas.text_width(text, size) <= width) return text;
  while (!text.empty() && canvas.text_width(text + "…", size) > width) {
    while (continues_a_character(text.back()) && text.size() > 1) text.pop_back();
    text.pop_back();
  }
  return text + "…";
}

}  // namespace

image::Image contact_sheet(std::span<const Tile> tiles, const std::string& title, int columns, int size) {
  int count = static_cast<int>(tiles.size());
  int rows = (count + columns - 1) / columns;
  int step_x = size + kGap, step_y = size + kCaptionHeight + kGap;
  Canvas canvas(2 * kEdge + columns * step_x - kGap, kEdge + kTitleHeight + rows * step_y + kEdge - kGap);
  canvas.text(kEdge, kEdge + kTitleSize, cut_to(canvas, title, columns * step_x - kGap, kTitleSize), kTitleSize, kText);
  for (int i = 0; i < count; ++i) {
    const Tile& tile = tiles[static_cast<std::size_t>(i)];
    int x = kEdge + i % columns * step_x, y = kEdge + kTitleHeight + i / columns * step_y;
    canvas.picture(x, y, image::resize(tile.picture, size, size));
    canvas.text(x + size / 2.0, y + size + kCaptionSize + 3,
                cut_to(canvas, tile.caption, size + kGap - 2, kCaptionSize), kCaptionSize, kFaintText, Align::middle);
  }
  return canvas.image();
}

}  // namespace agewise::report
