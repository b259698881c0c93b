#include "demo/pen.h"

#include <cmath>
#include <new>

namespace agewise::demo {

Pen::Pen(int width, int height)
    : width_(width),
      height_(height),
      surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)),
      cairo_(cairo_create(surface_.get())) {
  if (cairo_status(cairo_.get()) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  cairo_set_antialias(cairo_.get(), CAIRO_ANTIALIAS_FAST);
  cairo_set_tolerance(cairo_.get(), 0.3);  // pixels: drawings of thousands, seen small
  cairo_set_line_cap(cairo_.get(), CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(cairo_.get(), CAIRO_LINE_JOIN_ROUND);
}

void Pen::place(double x, double y, double unit, double angle) {
  cairo_identity_matrix(cairo_.get());
  cairo_translate(cairo_.get(), x, y);
  cairo_rotate(cairo_.get(), angle);
  cairo_scale(cairo_.get(), unit, unit);
}

Pen& Pen::move(double x, double y) {
  cairo_move_to(cairo_.get(), x, y);
  return *this;
}

Pen& Pen::line(double x, double y) {
  cairo_line_to(cairo_.get(), x, y);
  return *this;
}

Pen& Pen::curve(double x1, double y1, double x2, double y2, double x, double y) {
  cairo_curve_to(cairo_.get(), x1, y1, x2, y2, x, y);
  return *this;
}

Pen& Pen::close() {
  cairo_close_path(cairo_.get());
  return *this;
}

Pen& Pen::ellipse(double x, double y, double half_width, double half_height) {
  cairo_matrix_t before;
  cairo_get_matrix(cairo_.get(), &before);
  cairo_new_sub_path(cairo_.get());
  cairo_translate(cairo_.get(), x, y);
  cairo_scale(cairo_.get(), half_width, half_height);
  cairo_arc(cairo_.get(), 0, 0, 1, 0, 2 * M_PI);
  cairo_set_matrix(cairo_.get(), &before);
  return *this;
}

Pen& Pen::rectangle(double left, double top, double width, double height) {
  cairo_rectangle(cairo_.get(), left, top, width, height);
  return *this;
}

void Pen::fill(Paint colour, double opacity) {
  cairo_set_source_rgba(cairo_.get(), colour.red, colour.green, colour.blue, opacity);
  cairo_fill(cairo_.get());
}

void Pen::stroke(Paint colour, double width, double opacity) {
  cairo_set_source_rgba(cairo_.get(), colour.red, colour.green, colour.blue, opacity);
  cairo_set_line_width(cairo_.get(), width);
  cairo_stroke(cairo_.get());
}

void Pen::glow(Paint colour, double x, double y, double reach, double opacity) {
  cairo_pattern_t* pattern = cairo_pattern_create_radial(x, y, 0, x, y, reach);
  cairo_pattern_add_color_stop_rgba(pattern, 0, colour.red, colour.green, colour.blue, opacity);
  cairo_pattern_add_color_stop_rgba(pattern, 1, colour.red, colour.green, colour.blue, 0);
  cairo_set_source(cairo_.get(), pattern);
  cairo_pattern_destroy(pattern);
  cairo_fill(cairo_.get());
}

void Pen::blend(Paint a, double opacity_a, double x1, double y1, Paint b, double opacity_b, double x2, double y2) {
  cairo_pattern_t* pattern = cairo_pattern_create_linear(x1, y1, x2, y2);
  cairo_pattern_add_color_stop_rgba(pattern, 0, a.red, a.green, a.blue, opacity_a);
  cairo_pattern_add_color_stop_rgba(pattern, 1, b.red, b.green, b.blue, opacity_b);
  cairo_set_source(cairo_.get(), pattern);
  cairo_pattern_destroy(pattern);
  cairo_fill(cairo_.get());
}

Pen::Clip Pen::clip() { return Clip(cairo_.get()); }

Pen::Clip::Clip(cairo_t* cairo) : cairo_(cairo) {
  // The path outlives cairo_save, so that clipping belongs to the saved state.
  cairo_save(cairo_);
  cairo_clip(cairo_);
}

Pen::Clip::~Clip() { cairo_restore(cairo_); }

image::Image Pen::image() const {
  cairo_surface_flush(surface_.get());
  image::Image image = image::make_image(width_, height_, 3);
  for (int y = 0; y < height_; ++y) {
    // Pixels are 32-bit words, 0xRRGGBB.
    const unsigned char* row = cairo_image_surface_get_data(surface_.get()) +
                               std::ptrdiff_t{y} * cairo_image_surface_get_stride(surface_.get());
    const auto* from = reinterpret_cast<const std::uint32_t*>(row);
    std::uint8_t* to = image.row(y);
    for (int x = 0; x < width_; ++x, to += 3) {
      to[0] = static_cast<std::uint8_t>(from[x] >> 16);
      to[1] = static_cast<std::uint8_t>(from[x] >> 8);
      to[2] = static_cast<std::uint8_t>(from[x]);
    }
  }
  return image;
}

void Pen::Destroy::operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
void Pen::Destroy::operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }

}  // namespace agewise::demo
