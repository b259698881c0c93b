// What finds upright faces. One implementation a file; find.h looks at the turned picture with it.
#pragma once
#include <memory>
#include <vector>

#include "agewise/image/image.h"

namespace agewise {

struct Detection {
  Box box;
  double score;
  double lean = 0;  // degrees, clockwise: about how far from upright the face stands
};

// Not for several threads at once: one each.
class Detector {
 public:
  virtual ~Detector() = default;

  // Faces in a grey picture, those that lean by up to 45° among them; none overlaps another much. Strongest first;
  // boxes are the detector's own and may reach outside the picture.
  virtual std::vector<Detection> faces(const Image& grey, double least_score) = 0;

  // Only faces that stand upright: the score falls with each degree that a face leans.
  virtual std::vector<Detection> upright_faces(const Image& grey, double least_score) = 0;

  // What DEX's detector would call the face, from this detector's own box.
  virtual Box dex_box(const Box& own) const = 0;

  virtual int smallest_face() const = 0;    // pixels, width of its own box
  virtual double threshold() const = 0;     // from this score on it is a face
  virtual double strong_score() const = 0;  // from this score on no other angle needs to be looked at
};

// dlib's frontal face detector (HOG features, five linear filters over an image pyramid; Boost Software License). Its
// filters are compiled in and take 0.3 s to unpack: done at the first call in a process, not before.
std::unique_ptr<Detector> make_hog_detector();

}  // namespace agewise
