#include "agewise/report/canvas.h"

#include <cstdint>
#include <stdexcept>

namespace agewise::report {
namespace {

std::uint32_t* row_of(cairo_surface_t* surface, int y) {
  unsigned char* start =
      cairo_image_surface_get_data(surface) + std::ptrdiff_t{y} * cairo_image_surface_get_stride(surface);
  return reinterpret_cast<std::uint32_t*>(start);
}

}  // namespace

Canvas::Canvas(int width, int height)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy),
      context_(cairo_create(surface_.get()), cairo_destroy) {
  if (cairo_status(context_.get()) != CAIRO_STATUS_SUCCESS) {
    throw std::runtime_error("cannot draw a picture of " + std::to_string(width) + " × " + std::to_string(height));
  }
  cairo_set_source_rgb(cairo(), kPaper.red, kPaper.green, kPaper.blue);
  cairo_paint(cairo());
}

void Canvas::set_font(double size, bool bold) {
  cairo_select_font_face(cairo(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo(), size);
}

double Canvas::text_width(const std::string& text, double size, bool bold) {
  set_font(size, bold);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo(), text.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(double x, double y, const std::string& text, double size, Ink ink, Align align, bool bold) {
  double width = align == Align::left ? 0 : text_width(text, size, bold);
  set_font(size, bold);
  cairo_set_source_rgb(cairo(), ink.red, ink.green, ink.blue);
  cairo_move_to(cairo(), align == Align::right ? x - width : x - width / 2, y);
  cairo_show_text(cairo(), text.c_str());
}

void Canvas::line(double x1, double y1, double x2, double y2, double width, Ink ink) {
  cairo_set_source_rgb(cairo(), ink.red, ink.green, ink.blue);
  cairo_set_line_width(cairo(), width);
  cairo_move_to(cairo(), x1, y1);
  cairo_line_to(cairo(), x2, y2);
  cairo_stroke(cairo());
}

void Canvas::picture(int x, int y, const image::Image& picture) {
  image::Image rgb = image::to_rgb(picture);
  cairo_surface_flush(surface_.get());
  for (int row = 0; row < rgb.height; ++row) {
    const std::uint8_t* from = rgb.row(row);
    std::uint32_t* to = row_of(surface_.get(), y + row) + x;
    for (int column = 0; column < rgb.width; ++column, from += 3) {
      to[column] = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
    }
  }
  cairo_surface_mark_dirty(surface_.get());
}

image::Image Canvas::image() {
  cairo_surface_flush(surface_.get());
  image::Image image = image::make_image(cairo_image_surface_get_width(surface_.get()),
                                         cairo_image_surface_get_height(surface_.get()), 3);
  for (int y = 0; y < image.height; ++y) {
    const std::uint32_t* from = row_of(surface_.get(), y);
    std::uint8_t* to = image.row(y);
    for (int x = 0; x < image.width; ++x, to += 3) {
      to[0] = static_cast<std::uint8_t>(from[x] >> 16);
      to[1] = static_cast<std::uint8_t>(from[x] >> 8);
      to[2] = static_cast<std::uint8_t>(from[x]);
    }
  }
  return image;
}

}  // namespace agewise::report
