// What finds upright faces. One implementation a file; angle_search.h looks at the turned picture with it.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::face {

struct Detection {
  image::Box box;
  double score;
  double lean = 0;  // degrees, clockwise: about how far from upright the face stands
};

// Not for several threads at once: one each.
class UprightDetector {
 public:
  virtual ~UprightDetector() = default;

  // Whether pictures must be RGB, where they are not grey from the start; else they are grey.
  virtual bool wants_colour() const = 0;

  // Faces in a picture, those that lean by up to 45° among them; none overlaps another much. Strongest first; boxes are
  // the detector's own and may reach outside the picture.
  virtual std::vector<Detection> faces(const image::Image& picture, double least_score) = 0;

  // Only faces that stand upright: the score falls with each degree that a face leans.
  virtual std::vector<Detection> upright_faces(const image::Image& picture, double least_score) = 0;

  // What DEX's detector would call the face, from this detector's own box.
  virtual image::Box dex_box(const image::Box& own) const = 0;

  // Whether it sees faces of all sizes at one glance: then no enlarged picture is shown to it.
  virtual bool sees_all_sizes() const = 0;

  // Whether its scores tell a face that stands upright from the same one upside down. If not, it is shown pictures only
  // as they are.
  virtual bool tells_upright() const = 0;

  virtual int smallest_face() const = 0;    // pixels, width of its own box
  virtual double threshold() const = 0;     // from this score on it is a face
  virtual double strong_score() const = 0;  // from this score on no other angle needs to be looked at
  virtual double score_slack() const = 0;   // so far below the threshold a face may be while it is turned upright
};

// dlib's frontal face detector (HOG features, five linear filters over an image pyramid; Boost Software License). Its
// filters are compiled in and take 0.3 s to unpack: done at the first call in a process, not before.
std::unique_ptr<UprightDetector> make_hog_detector();

// YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023), a small
// convolutional network that also finds the eyes: its .onnx file (OpenCV's model zoo, MIT licence) on one thread of our
// engine. The picture is squeezed into the network's square, usually 320 × 320: faces of 1/30 of its side are found.
// Faces that lean by up to 40° are found and turned upright; further ones are found too, but taken for less turned.
// Throws Error naming the file if it is another network.
std::unique_ptr<UprightDetector> make_yunet_detector(const std::filesystem::path& file);

}  // namespace agewise::face
