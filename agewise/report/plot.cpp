#include "agewise/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "agewise/report/canvas.h"

namespace agewise::report {
namespace {

constexpr std::array<Ink, 4> kSeriesInks{{{41 / 255.0, 107 / 255.0, 176 / 255.0},
                                          {222 / 255.0, 115 / 255.0, 33 / 255.0},
                                          {51 / 255.0, 140 / 255.0, 94 / 255.0},
                                          {140 / 255.0, 89 / 255.0, 163 / 255.0}}};
constexpr double kLabelSize = 15, kTitleSize = 20;

// From data to pixels.
struct Axis {
  double low, high, first_pixel, last_pixel;
  double operator()(double value) const {
    return first_pixel + (value - low) / (high - low) * (last_pixel - first_pixel);
  }
};

// Not what a diverged run leaves behind.
bool can_be_drawn(double value) { return std::abs(value) < 1e12; }

struct Range {
  double low = 0, high = 1;
};

// Of all values, with 0 where that is near: a loss of 1.30 … 1.38 is not stretched to look like a slope.
Range range_of(const Plot& plot) {
  Range range{HUGE_VAL, -HUGE_VAL};
  for (const Series& series : plot.series) {
    for (double value : series.values) {
      if (!can_be_drawn(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  if (range.low > range.high) return {0, 1};
  range.low = std::min(range.low, 0.0);
  if (plot.top > range.low) range.high = std::min(range.high, plot.top);
  if (range.high - range.low < 1e-12) range.high = range.low + 1;
  range.high = plot.share ? 1 : range.high + (range.high - range.low) * 0.05;
  return range;
}

// As many decimals as the step between ticks has.
std::string tick_text(double value, double step, bool share) {
  if (share) return fmt::format("{:.0f} %", value * 100);
  int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

void draw_curve(Canvas& canvas, const Series& series, const Axis& x, const Axis& y, Ink ink) {
  cairo_t* cairo = canvas.cairo();
  cairo_save(cairo);
  constexpr double kHalfALine = 2;
  cairo_rectangle(cairo, x.first_pixel - kHalfALine, y.last_pixel - kHalfALine,
                  x.last_pixel - x.first_pixel + 2 * kHalfALine, y.first_pixel - y.last_pixel + 2 * kHalfALine);
  cairo_clip(cairo);
  cairo_set_source_rgb(cairo, ink.red, ink.green, ink.blue);
  cairo_set_line_width(cairo, 2.5);
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);  // which also makes a lone point a dot
  bool pen_down = false;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (!can_be_drawn(series.values[i])) {
      pen_down = false;
      continue;
    }
    double px = x(static_cast<double>(i + 1)), py = y(series.values[i]);
    if (!pen_down) cairo_move_to(cairo, px, py);
    cairo_line_to(cairo, px, py);
    pen_down = true;
  }
  cairo_stroke(cairo);
  cairo_restore(cairo);
}

// Names at the right of the title's line, in the colours of their curves.
void draw_legend(Canvas& canvas, const Plot& plot, double right, double baseline) {
  for (std::size_t i = plot.series.size(); i-- > 0;) {
    Ink ink = kSeriesInks[i % kSeriesInks.size()];
    const std::string& name = plot.series[i].name;
    right -= canvas.text_width(name, kLabelSize);
    canvas.text(right, baseline, name, kLabelSize, kText);
    canvas.line(right - 30, baseline - 5, right - 8, baseline - 5, 3, ink);
    right -= 54;
  }
}

void draw_axes(Canvas& canvas, const Plot& plot, const Axis& x, const Axis& y) {
  std::vector<double> ticks = round_ticks(y.low, y.high, 9);
  for (double tick : ticks) {
    double py = std::round(y(tick)) + 0.5;
    canvas.line(x.first_pixel, py, x.last_pixel, py, 1, kRule);
    canvas.text(x.first_pixel - 10, py + 5, tick_text(tick, ticks[1] - ticks[0], plot.share), kLabelSize, kFaintText,
                Align::right);
  }
  for (double tick : round_ticks(x.low, x.high, 11)) {
    if (tick != std::floor(tick)) continue;
    canvas.text(x(tick), y.first_pixel + 24, fmt::format("{:.0f}", tick), kLabelSize, kFaintText, Align::middle);
  }
  canvas.text(x.last_pixel, y.first_pixel + 46, "epoch", kLabelSize, kFaintText, Align::right);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int most) {
  double power = std::pow(10, std::floor(std::log10((high - low) / most)));
  for (double multiple : {1.0, 2.0, 5.0, 10.0, 20.0}) {
    double step = multiple * power;
    double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
    if (last - first + 1 > most) continue;
    std::vector<double> ticks;
    for (double i = first; i <= last; ++i) ticks.push_back(i * step + 0.0);  // no -0
    return ticks;
  }
  return {};
}

image::Image draw_plot(const Plot& plot, int width, int height) {
  Canvas canvas(width, height);
  std::size_t epochs = 1;
  for (const Series& series : plot.series) epochs = std::max(epochs, series.values.size());
  Range range = range_of(plot);
  // A single epoch stands in the middle.
  Axis x{epochs == 1 ? 0.0 : 1.0, epochs == 1 ? 2.0 : static_cast<double>(epochs), 76, width - 28.0};
  Axis y{range.low, range.high, height - 64.0, 68};
  draw_axes(canvas, plot, x, y);
  if (plot.marked_epoch > 0) {
    double px = std::round(x(plot.marked_epoch)) + 0.5;
    canvas.line(px, y.first_pixel, px, y.last_pixel, 1, kFaintText);
    bool right_half = px > width / 2.0;
    canvas.text(right_half ? px - 6 : px + 6, y.last_pixel + 12, fmt::format("best: epoch {}", plot.marked_epoch),
                kLabelSize - 2, kFaintText, right_half ? Align::right : Align::left);
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    draw_curve(canvas, plot.series[i], x, y, kSeriesInks[i % kSeriesInks.size()]);
  }
  if (!plot.beyond.empty())
    canvas.text(x.first_pixel, y.first_pixel + 46, plot.beyond, kLabelSize, kFaintText, Align::left);
  canvas.text(24, 36, plot.title, kTitleSize, kText, Align::left, true);
  draw_legend(canvas, plot, width - 28, 36);
  return canvas.image();
}

}  // namespace agewise::report
