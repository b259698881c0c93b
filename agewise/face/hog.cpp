// The only file that includes dlib: its headers take long to compile.
#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "agewise/face/upright_detector.h"

namespace agewise::face {
namespace {

using Filters = dlib::frontal_face_detector;

// dlib's five: looking ahead, left, right; leaning to one side and to the other. Each alone, on 29 faces of UTKFace
// turned by -50 … 50° in steps of 5: the first scores most at 0, the fourth at -25, the fifth at 25; all fall by half
// within 15.
constexpr unsigned kUprightFilters = 3;
constexpr std::array<double, 5> kLean{0, 0, 0, -25, 25};

// Unpacked once a process; copies are cheap.
const Filters& all_filters() {
  static const Filters kFilters = dlib::get_frontal_face_detector();
  return kFilters;
}

Filters upright_filters(const Filters& all) {
  std::vector<Filters::feature_vector_type> weights;
  for (unsigned i = 0; i < kUprightFilters; ++i) weights.push_back(all.get_w(i));
  return {all.get_scanner(), all.get_overlap_tester(), weights};
}

class HogDetector : public UprightDetector {
 public:
  std::vector<Detection> faces(const image::Image& grey, double least) override { return found_by(all_, grey, least); }
  std::vector<Detection> upright_faces(const image::Image& grey, double least) override {
    return found_by(upright_, grey, least);
  }

  bool wants_colour() const override { return false; }

  // As it is. On UTKFace's aligned faces (200 × 200 pixels) it is about 182 pixels wide about (97, 96), from above the
  // brows to the chin; DEX's own box on them is not known, as the pictures that face_location belongs to are not at
  // hand.
  image::Box dex_box(const image::Box& own) const override { return own; }
  bool sees_all_sizes() const override { return false; }
  bool tells_upright() const override { return true; }
  int smallest_face() const override { return 88; }
  double threshold() const override { return 0; }
  double strong_score() const override { return 0.4; }
  double score_slack() const override { return 0.6; }

 private:
  std::vector<Detection> found_by(Filters& filters, const image::Image& grey, double least) {
    pixels_.set_size(grey.height, grey.width);
    for (int y = 0; y < grey.height; ++y)
      std::memcpy(&pixels_[y][0], grey.row(y), static_cast<std::size_t>(grey.width));
    std::vector<dlib::rect_detection> found;
    filters(pixels_, found, least);
    std::vector<Detection> faces;
    for (const dlib::rect_detection& one : found) {
      const dlib::rectangle& r = one.rect;
      image::Box box{static_cast<double>(r.left()), static_cast<double>(r.top()), r.right() + 1.0, r.bottom() + 1.0};
      faces.push_back({box, one.detection_confidence, kLean.at(one.weight_index)});
    }
    std::stable_sort(faces.begin(), faces.end(),
                     [](const Detection& a, const Detection& b) { return a.score > b.score; });
    return faces;
  }

  Filters all_ = all_filters(), upright_ = upright_filters(all_);
  dlib::array2d<unsigned char> pixels_;
};

}  // namespace

std::unique_ptr<UprightDetector> make_hog_detector() { return std::make_unique<HogDetector>(); }

}  // namespace agewise::face
