#include "agewise/face/any_angle.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "agewise/face/angle_network.h"
#include "agewise/face/candidates.h"
#include "agewise/face/geometry.h"
#include "agewise/face/overlap.h"
#include "agewise/face/patch.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

// The picture is also looked at at a third of its size, for faces that fill it: from this longer side on.
constexpr int kThird = 3, kLeastCoarseSide = 240;
// Around that, or around a small picture, which is also looked at as it is: its border is repeated so far, for faces
// that are cut off by it.
constexpr double kBorder = 20;
// Of a candidate that YuNet takes for upright: its score, if it is not to be shown to it again in vain.
constexpr double kLeastUprightScore = 0.3;
// Of the angle network: from this probability on a candidate that is not strong is looked at closely; so many degrees
// from YuNet's own angle is the same angle.
constexpr double kLeastFace = 0.3, kAgree = 40;
// A face is what both networks together take for one: the odds of YuNet's score times those of the angle network's
// probability. A face that is turned is rare in photographs, and must be surer (docs/faces.md).
constexpr double kLeastOdds = 0.37, kLeastTurnedOdds = 1;
// Smaller ones are no faces: the geometric mean of YuNet's sides, pixels of the small picture.
constexpr double kSmallestFace = 9;
// Sides of a view, in those of the face: a first one of a face whose size is not known well, and the last one, by whose
// points it is cut. With 1.6 the points of one face scatter least over pictures of all scales (docs/faces.md).
constexpr double kWideView = 3.2, kView = 1.6;
constexpr double kMostViewLean = 40;  // degrees, of a face in a view that was turned upright
constexpr double kUprightEnough = 5;  // degrees: so little, and it is not turned again
constexpr int kMostViews = 4;         // of one face, all equally large
constexpr double kGridShift = 4;      // pixels of a view: the points come from a grid of 16
constexpr double kMostDoubt = 12;     // degrees: looks that differ by more say too little to settle anything
constexpr int kMirrored = 2;          // EXIF's number
constexpr double kOffMiddle = 0.25;   // of a view: how far from its middle a face may be
// One that lies so far within a surer one is a part of it.
constexpr double kMostWithin = 0.7;
// Grain: of the small picture and the same one blurred by this factor (image::blurred(), about a deviation of two
// pixels), less than this share of the pixels is the same to one grey level.
constexpr double kAgainstGrain = 3.5, kMostEven = 0.35;

// The share of the smaller box that lies in the other.
double share_within(const image::Box& a, const image::Box& b) {
  double smaller = std::min(side_of(a), side_of(b));
  return shared_area(a, b) / (smaller * smaller);
}

bool is_same(const image::Box& a, const image::Box& b) {
  return overlap(a, b) > kSameFace || share_within(a, b) > kMostWithin;
}

// Moved to the right and down, then made larger.
Candidate placed(Candidate one, double by, double factor) {
  one.box = scaled(image::Box{one.box.left + by, one.box.top + by, one.box.right + by, one.box.bottom + by}, factor);
  one.points = scaled(moved(one.points, [by](Point p) { return Point{p.x + by, p.y + by}; }), factor);
  return one;
}

// A candidate that may be a face.
struct Suspect {
  Candidate candidate;
  double angle = 0;      // degrees, clockwise: how it is turned, about
  double face = 0.5;     // the angle network's probability; as good as nothing where it was not asked
  bool upright = false;  // it leans by `angle` as YuNet says itself: then its box has the face's size
  bool doubted = false;  // YuNet says it strongly, but the angle network says otherwise: both are tried
};

double odds(double probability) { return probability / (1 - probability); }

bool is_upright(double angle) { return std::abs(within_half_a_turn(angle)) <= kMostLean; }

// A face as YuNet sees it in a view that is turned upright.
struct Seen {
  image::Box box;             // upright, then turned about its middle by the angle
  double angle, score, best;  // best: of several looks at the face
  Landmarks points;
};

// A face seen in a view's mirror image, as it lies in the view.
Candidate mirrored(const Candidate& one) {
  const image::Box& box = one.box;
  Landmarks p = moved(one.points, [](Point at) { return Point{kViewPixels - at.x, at.y}; });
  return {{kViewPixels - box.right, box.top, kViewPixels - box.left, box.bottom},
          one.score,
          {p.right_eye, p.left_eye, p.nose, p.right_mouth, p.left_mouth}};
}

// Of several looks at one face, with the first one's scores.
Seen mean_of(const std::vector<Seen>& looks) {
  Seen mean{{}, 0, looks.front().score, looks.front().best, {}};
  double share = 1 / static_cast<double>(looks.size());
  auto add = [share](Point& sum, Point p) { sum = {sum.x + share * p.x, sum.y + share * p.y}; };
  for (const Seen& one : looks) {
    const image::Box& box = one.box;
    mean.box = {mean.box.left + share * box.left, mean.box.top + share * box.top, mean.box.right + share * box.right,
                mean.box.bottom + share * box.bottom};
    for (Point Landmarks::*point : kAllPoints) add(mean.points.*point, one.points.*point);
  }
  mean.angle = angle_of(mean.points);
  return mean;
}

// Of two pictures of one size, the share of the pixels that differ by at most one grey level.
double share_alike(const image::Image& a, const image::Image& b) {
  image::Image first = image::to_grey(a), second = image::to_grey(b);
  std::ptrdiff_t alike = 0;
  for (std::size_t i = 0; i < first.pixels.size(); ++i) alike += std::abs(first.pixels[i] - second.pixels[i]) <= 1;
  return static_cast<double>(alike) / static_cast<double>(first.pixels.size());
}

// One picture.
class Search {
 public:
  Search(const image::Image& picture, YunetNetwork& network, AngleNetwork& angles)
      : network_(network),
        angles_(angles),
        small_(image::resize_by(picture, working_scale(picture))),
        // Of the longer side: the shorter one's rounding would move a face at the end of a long strip.
        scale_(static_cast<double>(std::max(small_.width, small_.height)) / std::max(picture.width, picture.height)),
        halves_(picture),
        small_halves_(small_) {}

  // What is looked at, and the picture's scale there.
  const image::Image& small() const { return small_; }
  double scale() const { return scale_; }

  // In pixels of the small picture.
  std::vector<Candidate> candidates(double least_score) {
    std::vector<Candidate> all = network_.look_at(small_, least_score);
    bool large = std::max(small_.width, small_.height) >= kLeastCoarseSide;
    image::Image coarse = large ? image::resize_by(small_, 1.0 / kThird) : small_;
    double back = static_cast<double>(small_.width) / coarse.width;
    int frame = static_cast<int>(kBorder);
    image::Image framed = image::cut_out(coarse, {-kBorder, -kBorder, coarse.width + kBorder, coarse.height + kBorder},
                                         coarse.width + 2 * frame, coarse.height + 2 * frame);
    for (const Candidate& one : network_.look_at(framed, least_score)) all.push_back(placed(one, -kBorder, back));
    return strongest_candidates(std::move(all));
  }

  // What the angle network is shown of them.
  std::vector<image::Image> patches(const std::vector<Candidate>& candidates) {
    std::vector<image::Image> patches;
    for (const Candidate& one : candidates) patches.push_back(candidate_patch(small_halves_, one.box));
    return patches;
  }

  // Of suspects, surest first.
  std::vector<Face> faces(const std::vector<Suspect>& suspects) {
    std::vector<Face> faces;
    std::vector<image::Box> boxes;  // YuNet's own, in pixels of the small picture
    int weak_views = 0;
    for (const Suspect& one : suspects) {
      auto known = [&](const image::Box& box) {
        return std::any_of(boxes.begin(), boxes.end(), [&](const image::Box& other) { return is_same(box, other); });
      };
      if (known(one.candidate.box) || (!one.upright && ++weak_views > kMostWeakViews)) continue;
      std::optional<Seen> seen = closely(one);
      if (seen) seen = settled(*seen);
      if (!seen || side_of(seen->box) < kSmallestFace || known(seen->box)) continue;
      boxes.push_back(seen->box);
      faces.push_back(
          scaled(Face{box_of(seen->points, seen->box), within_half_a_turn(seen->angle), seen->best, seen->points},
                 1 / scale_));
    }
    std::stable_sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.score > b.score; });
    return faces;
  }

 private:
  std::optional<Seen> closely(const Suspect& one) {
    const Candidate& found = one.candidate;
    Seen as_found{found.box, angle_of(found.points), found.score, found.score, found.points};
    if (one.upright) return if_sure(turned_upright(as_found), one.face, kLeastFaceScore, kLeastOdds);
    std::optional<Seen> seen = at_angle(found.box, kWideView, one.angle);
    if (!one.doubted) return seen;
    std::optional<Seen> other = if_sure(turned_upright(as_found), one.face, kLeastTurnedScore, kLeastOdds);
    return !seen || (other && other->score > seen->score) ? other : seen;
  }

  static std::optional<Seen> if_sure(const Seen& seen, double face, double least_score, double least_odds) {
    bool sure = seen.best >= least_score && odds(seen.best) * odds(face) >= least_odds;
    return sure ? std::optional(seen) : std::nullopt;
  }

  // A face that YuNet sees when the square about `box` is turned by `angle`, if the angle network then takes it for an
  // upright one. If it takes it for one that is turned otherwise, that is tried instead, once.
  std::optional<Seen> at_angle(const image::Box& box, double view, double angle) {
    for (int again = 0; again < 2; ++again) {
      std::optional<Seen> seen = seen_in({middle(box), view * side_of(box), angle});
      if (!seen) return std::nullopt;
      seen = turned_upright(*seen);
      if (seen->best < kLeastFaceScore) return std::nullopt;
      Square patch{middle(seen->box), kPatchMargin * side_of(seen->box), seen->angle};
      Turned turned = angles_.look_at(small_halves_.view(patch, kPatchPixels));
      if (std::abs(turned.angle) <= kAgree) {
        return is_upright(seen->angle) ? if_sure(*seen, turned.face, kLeastFaceScore, kLeastOdds)
                                       : if_sure(*seen, turned.face, kLeastTurnedScore, kLeastTurnedOdds);
      }
      angle = seen->angle + turned.angle;
    }
    return std::nullopt;
  }

  // The face at its right angle and size: looked at again, turned by what it leaned by, until it leans no more. The
  // best score of all looks decides whether it is one: how well one and the same face does depends on the cut.
  Seen turned_upright(Seen last) {
    for (int view = 0; view < kMostViews; ++view) {
      std::optional<Seen> seen = seen_in({middle(last.box), kView * side_of(last.box), last.angle});
      if (!seen) break;
      double lean = std::abs(seen->angle - last.angle);
      seen->best = std::max(seen->best, last.best);
      last = *seen;
      if (lean <= kUprightEnough) break;
    }
    return last;
  }

  // The mean of four looks at the face where it lies: in two views that differ by half of the network's grid, and in
  // their mirror images. How YuNet places the points depends on where its grid falls, and the cut should not.
  Seen settled(const Seen& face) {
    std::vector<Seen> looks;
    for (double shift : {-kGridShift, kGridShift}) {
      Square square{middle(face.box), kView * side_of(face.box), face.angle};
      double by = shift * square.side / kViewPixels;
      square.middle = {square.middle.x + by, square.middle.y + by};
      image::Image upright = view(square);
      std::optional<Candidate> straight = best_in(upright);
      std::optional<Candidate> in_mirror = best_in(image::turned_upright(std::move(upright), kMirrored));
      if (!straight || !in_mirror) return face;
      looks.push_back(seen_at(*straight, square));
      looks.push_back(seen_at(mirrored(*in_mirror), square));
    }
    for (const Seen& one : looks) {
      if (std::abs(one.angle - looks.front().angle) > kMostDoubt) return face;
    }
    looks.front().best = face.best;
    return mean_of(looks);
  }

  std::optional<Seen> seen_in(const Square& square) {
    std::optional<Candidate> best = best_in(view(square));
    return best ? std::optional(seen_at(*best, square)) : std::nullopt;
  }

  // The best face in the middle of a view.
  std::optional<Candidate> best_in(const image::Image& view) {
    std::optional<Candidate> best;
    double best_merit = 0;
    for (const Candidate& one : network_.look_at(view, kLeastUprightScore)) {
      Point at = middle(one.box);
      double off = std::hypot(at.x - kViewPixels / 2.0, at.y - kViewPixels / 2.0) / kViewPixels;
      if (std::abs(angle_of(one.points)) > kMostViewLean || off > kOffMiddle) continue;
      double merit = one.score - off;
      if (best && merit <= best_merit) continue;
      best_merit = merit;
      best = one;
    }
    return best;
  }

  // What YuNet sees in the view of a square, in pixels of the small picture.
  static Seen seen_at(const Candidate& one, const Square& square) {
    double factor = square.side / kViewPixels;
    Turn turn = turn_about({kViewPixels / 2.0, kViewPixels / 2.0}, square.angle, {0, 0});
    auto place = [&](Point p) {
      Point moved = turn(p);
      return Point{square.middle.x + factor * moved.x, square.middle.y + factor * moved.y};
    };
    Point centre = place(middle(one.box));
    double x = (one.box.right - one.box.left) * factor / 2, y = (one.box.bottom - one.box.top) * factor / 2;
    return {{centre.x - x, centre.y - y, centre.x + x, centre.y + y},
            square.angle + angle_of(one.points),
            one.score,
            one.score,
            moved(one.points, place)};
  }

  // Out of the small picture where that has pixels enough, else out of the picture itself.
  image::Image view(const Square& square) {
    if (square.side >= kViewPixels || scale_ == 1) return small_halves_.view(square, kViewPixels);
    Square there{{square.middle.x / scale_, square.middle.y / scale_}, square.side / scale_, square.angle};
    return halves_.view(there, kViewPixels);
  }

  YunetNetwork& network_;
  AngleNetwork& angles_;
  image::Image small_;
  double scale_;
  Halves halves_, small_halves_;
};

class AnyAngleDetector : public Detector {
 public:
  int side_looked_at() const override { return kWorkingSide; }

  // Grain hides faces from both networks. A grainy picture in which none is found is looked at again without it.
  std::vector<Face> find(const image::Image& picture, recipe::Rotations rotations, bool) override {
    Search search(picture, network_, angles_);
    std::vector<Face> faces = faces_by(search, rotations);
    if (!faces.empty()) return faces;
    image::Image even = image::blurred(search.small(), kAgainstGrain);
    if (share_alike(search.small(), even) >= kMostEven) return faces;
    Search again(even, network_, angles_);
    faces = faces_by(again, rotations);
    std::erase_if(faces, [](const Face& face) { return face.score < kLeastTurnedScore || !is_upright(face.angle); });
    for (Face& face : faces) face = scaled(face, 1 / search.scale());
    return faces;
  }

 private:
  std::vector<Face> faces_by(Search& search, recipe::Rotations rotations) {
    if (rotations == recipe::Rotations::upright) {
      std::vector<Face> faces = search.faces(by_yunet(search.candidates(kLeastUprightScore)));
      for (Face& face : faces) face.angle = 0;
      return faces;
    }
    std::vector<Candidate> candidates = search.candidates(kLeastCandidate);
    return search.faces(by_network(candidates, angles_.look_at(search.patches(candidates))));
  }

  // Those that lean a little, by YuNet's own points.
  static std::vector<Suspect> by_yunet(const std::vector<Candidate>& candidates) {
    std::vector<Suspect> suspects;
    for (const Candidate& one : candidates) {
      double lean = angle_of(one.points);
      if (one.score >= kLeastUprightScore && is_upright(lean))
        suspects.push_back({.candidate = one, .angle = lean, .upright = true});
    }
    return suspects;
  }

  static std::vector<Suspect> by_network(const std::vector<Candidate>& candidates, const std::vector<Turned>& turned) {
    std::vector<std::pair<double, Suspect>> suspects;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      double lean = angle_of(candidates[i].points);
      bool strong = candidates[i].score >= kStrongCandidate && is_upright(lean);
      if (!(strong || turned[i].face >= kLeastFace)) continue;
      bool agree = std::abs(within_half_a_turn(turned[i].angle - lean)) <= kAgree;
      double face = turned[i].face;
      suspects.push_back({face, {candidates[i], turned[i].angle, face, strong && agree, strong && !agree}});
    }
    std::stable_sort(suspects.begin(), suspects.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Suspect> sorted;
    for (const auto& one : suspects) sorted.push_back(one.second);
    return sorted;
  }

  YunetNetwork network_;
  AngleNetwork angles_;
};

}  // namespace

std::unique_ptr<Detector> make_any_angle_detector() { return std::make_unique<AnyAngleDetector>(); }

}  // namespace agewise::face
