// A thin layer over cairo: what the drawing of faces needs of it, and nothing leaks.
#pragma once
#include <cairo.h>

#include <memory>

#include "agewise/image/image.h"
#include "demo/paint.h"

namespace agewise::demo {

// Draws on a picture of its own. Coordinates are pixels until place() sets others. A path is begun by its outline and
// used up by fill, stroke or clip.
class Pen {
 public:
  Pen(int width, int height);  // black

  // From now on (0, 0) is at the pixel (x, y), one unit is `unit` pixels, and all is turned by `angle` (radians).
  void place(double x, double y, double unit, double angle);

  Pen& move(double x, double y);
  Pen& line(double x, double y);
  Pen& curve(double x1, double y1, double x2, double y2, double x, double y);
  Pen& close();
  Pen& ellipse(double x, double y, double half_width, double half_height);
  Pen& rectangle(double left, double top, double width, double height);

  void fill(Paint colour, double opacity = 1);
  void stroke(Paint colour, double width, double opacity = 1);
  // Shades the path: full opacity at (x, y), none `reach` away from it.
  void glow(Paint colour, double x, double y, double reach, double opacity);
  // Colours the path from `a` at (x1, y1) to `b` at (x2, y2).
  void blend(Paint a, double opacity_a, double x1, double y1, Paint b, double opacity_b, double x2, double y2);

  // Draws only within the path while the returned object lives.
  class [[nodiscard]] Clip {
   public:
    explicit Clip(cairo_t* cairo);
    ~Clip();
    Clip(const Clip&) = delete;
    Clip& operator=(const Clip&) = delete;

   private:
    cairo_t* cairo_;
  };
  Clip clip();

  image::Image image() const;  // RGB

 private:
  struct Destroy {
    void operator()(cairo_t* cairo) const;
    void operator()(cairo_surface_t* surface) const;
  };
  int width_, height_;
  std::unique_ptr<cairo_surface_t, Destroy> surface_;
  std::unique_ptr<cairo_t, Destroy> cairo_;
};

}  // namespace agewise::demo
