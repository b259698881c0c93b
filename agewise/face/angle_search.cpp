#include "agewise/face/angle_search.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "agewise/face/angle_refinement.h"
#include "agewise/face/overlap.h"
#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

constexpr std::array<double, 28> kDexAngles{0,   5,  -5,  10, -10, 15, -15, 20, -20, 25, -25, 30, -30, 35,
                                            -35, 40, -40, 45, -45, 50, -50, 55, -55, 60, -60, 90, -90, 180};
constexpr std::array<double, 5> kCoarseAngles{0, 75, -75, 145, -145};
constexpr int kBorder = 20;  // pixels around the picture: for faces cut off by its edge, or cropped tightly
constexpr std::size_t kMostFaces = 100;

std::vector<Face> strongest(std::vector<Face> faces) {
  faces = without_doubles(std::move(faces));
  if (faces.size() > kMostFaces) faces.resize(kMostFaces);
  return faces;
}

// The picture turned, so that faces that lie at `angle` stand upright, with a border; and the way back.
struct View {
  image::Image image;
  Turn back;
};

View view_at(const image::Image& picture, double angle) {
  Turn turn = turn_about({0, 0}, angle, {0, 0});
  double across = std::abs(turn.cosine), along = std::abs(turn.sine);
  int width = static_cast<int>(std::ceil(across * picture.width + along * picture.height)) + 2 * kBorder;
  int height = static_cast<int>(std::ceil(along * picture.width + across * picture.height)) + 2 * kBorder;
  Turn back = turn_about({width / 2.0, height / 2.0}, angle, {picture.width / 2.0, picture.height / 2.0});
  return {turned(picture, back, width, height), back};
}

// One picture at one size.
class Search {
 public:
  Search(const image::Image& picture, UprightDetector& detector, recipe::Rotations rotations)
      : picture_(picture), detector_(detector), rotations_(rotations) {}

  // Adds to `faces`, all by the detector's own boxes in pixels of this size; steps 1 and 2 of the header.
  void look(std::vector<Face>& faces) {
    std::span<const double> angles = rotations_ == recipe::Rotations::all ? dex_angles() : kCoarseAngles;
    add(faces, finds(angles.first(1)));
    bool strong = !faces.empty() && faces.front().score >= detector_.strong_score();
    if (rotations_ == recipe::Rotations::upright || !detector_.tells_upright()) return;
    if (strong && rotations_ == recipe::Rotations::coarse_to_fine) return;
    add(faces, finds(angles.subspan(1)));
  }

 private:
  std::vector<Face> finds(std::span<const double> angles) {
    std::vector<Face> faces;
    bool fine = turns_finds();
    double least = detector_.threshold() - (fine ? detector_.score_slack() / 2 : 0);
    for (double angle : angles) {
      View view = view_at(picture_, angle);
      bool only_upright = rotations_ == recipe::Rotations::all && !fine;
      for (const Detection& one :
           only_upright ? detector_.upright_faces(view.image, least) : detector_.faces(view.image, least)) {
        Point at = view.back(middle(one.box));
        double x = (one.box.right - one.box.left) / 2, y = (one.box.bottom - one.box.top) / 2;
        faces.push_back({{at.x - x, at.y - y, at.x + x, at.y + y}, angle + (fine ? one.lean : 0), one.score});
      }
    }
    return strongest(std::move(faces));
  }

  void add(std::vector<Face>& faces, const std::vector<Face>& found) {
    for (const Face& face : found) faces.push_back(turns_finds() ? turned_to_best(picture_, face, detector_) : face);
    std::erase_if(faces, [&](const Face& face) { return face.score < detector_.threshold(); });
    faces = strongest(std::move(faces));
  }

  // `all` with a detector that tells no upright face looks once, as `coarse_to_fine` does.
  bool turns_finds() const {
    return rotations_ == recipe::Rotations::coarse_to_fine ||
           (rotations_ == recipe::Rotations::all && !detector_.tells_upright());
  }

  const image::Image& picture_;
  UprightDetector& detector_;
  recipe::Rotations rotations_;
};

void scale_boxes(std::vector<Face>& faces, double by) {
  for (Face& face : faces) face = scaled(face, by);
}

// What the detector calls up and down is so along the face.
image::Box dex_box(const UprightDetector& detector, const Face& face) {
  image::Box box = detector.dex_box(face.box);
  Point from = middle(face.box), to = middle(box), along = turn_about(from, face.angle, from)(to);
  double x = along.x - to.x, y = along.y - to.y;
  return {box.left + x, box.top + y, box.right + x, box.bottom + y};
}

class TurningDetector : public Detector {
 public:
  explicit TurningDetector(std::unique_ptr<UprightDetector> detector) : detector_(std::move(detector)) {}

  int side_looked_at() const override { return detector_->sees_all_sizes() ? kWorkingSide : 2 * kWorkingSide; }

  std::vector<Face> find(const image::Image& picture, recipe::Rotations rotations, bool everyone) override {
    double scale = working_scale(picture);
    image::Image large = image::resize_by(picture, std::min(1.0, 2 * scale));
    if (!detector_->wants_colour()) large = image::to_grey(std::move(large));
    std::vector<Face> faces;
    for (double wanted : {scale, 2 * scale}) {
      if (wanted != scale && (detector_->sees_all_sizes() || (!faces.empty() && !everyone))) break;
      image::Image level = image::resize_by(large, wanted * picture.width / large.width);
      double by = static_cast<double>(level.width) / picture.width;
      scale_boxes(faces, by);
      Search(level, *detector_, rotations).look(faces);
      scale_boxes(faces, 1 / by);
    }
    for (Face& face : faces) {
      face.box = dex_box(*detector_, face);
      face.angle = within_half_a_turn(face.angle);
    }
    return faces;
  }

 private:
  std::unique_ptr<UprightDetector> detector_;
};

}  // namespace

std::span<const double> dex_angles() { return kDexAngles; }

std::unique_ptr<Detector> make_turning_detector(std::unique_ptr<UprightDetector> detector) {
  return std::make_unique<TurningDetector>(std::move(detector));
}

}  // namespace agewise::face
