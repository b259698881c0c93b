// A picture that cairo draws on. Only this room includes it.
#pragma once
#include <cairo.h>

#include <memory>
#include <string>

#include "agewise/image/image.h"

namespace agewise::report {

struct Ink {
  double red, green, blue;  // 0 … 1
};

inline constexpr Ink kPaper{1, 1, 1}, kText{0.13, 0.15, 0.18}, kFaintText{0.42, 0.45, 0.5}, kRule{0.9, 0.91, 0.93};

enum class Align { left, middle, right };

// Pixels, origin at the top left corner.
class Canvas {
 public:
  Canvas(int width, int height);  // filled with kPaper

  // `y` is the line that letters stand on.
  void text(double x, double y, const std::string& text, double size, Ink ink, Align align = Align::left,
            bool bold = false);
  double text_width(const std::string& text, double size, bool bold = false);
  void line(double x1, double y1, double x2, double y2, double width, Ink ink);
  void picture(int x, int y, const image::Image& picture);  // pixel for pixel; must lie inside

  cairo_t* cairo() { return context_.get(); }  // for paths
  image::Image image();                        // what has been drawn so far, RGB

 private:
  void set_font(double size, bool bold);

  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context_;
};

}  // namespace agewise::report
