// agewise as a library: the faces in a picture, and how old they look.
//
//   auto estimator = agewise::AgeEstimator::open();              // the bundled model
//   agewise::Picture picture = estimator.estimate(bytes);        // a JPEG, PNG … in memory, or pixels: ImageView
//   for (const agewise::Face& face : picture.faces)
//     if (face.age) std::cout << *face.age << '\n';
//
// All numbers are those that `agewise predict --json` prints for the same picture, to the last digit: coordinates,
// angles and years are multiples of 0.001, probabilities of 0.000001.
//
// What is broken is an agewise::Error; a picture that cannot be read, or shows no face, is a Picture with a reason.
// Nothing here prints, exits, handles signals or changes the locale or the OpenMP threads of the caller: all work is
// done on threads of the estimator's own. The only file written is the user's cache of which kernels are fastest
// (Kernels).
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__GNUC__)
#define AGEWISE_API __attribute__((visibility("default")))
#else
#define AGEWISE_API
#endif

namespace agewise {

// what() is one line that names the file or the argument, and says what to do.
class AGEWISE_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Pixels; the origin is the top left corner of the picture.
struct Point {
  double x = 0, y = 0;
};

// Right and bottom are exclusive. May reach outside the picture.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Years. It holds the true age with the probability `coverage` on pictures like those that the model was calibrated on.
struct Interval {
  double low = 0, high = 0, coverage = 0;
};

struct Face {
  // Where the face is in the picture turned upright by its EXIF tag. Absent: the whole picture was taken for a face.
  std::optional<Box> box;  // upright, …
  double angle = 0;        // … then turned about its middle by so many degrees, clockwise
  double score = 0;        // the detector's; more is surer
  double replicated = 0;   // share of the face's cut-out that lies outside the picture, 0 … 1
  // Eyes, nose, corners of the mouth; of an upright face the left ones of the picture come first. Not every detector
  // finds them.
  std::optional<std::array<Point, 5>> points;

  std::optional<double> age;         // years; absent: see reason
  std::string reason;                // why there is no age ("too blurred"); empty: there is one
  std::optional<Interval> interval;  // of a calibrated model
  std::optional<double> spread;      // of an ensemble: the deviation of its members' ages, years
  std::optional<double> male;        // of a model with a gender head: the probability of being a man
  std::string age_class;             // the most probable class; empty where each class is a year
  std::vector<double> distribution;  // where Options ask for it: a probability a class
};

struct Picture {
  int width = 0, height = 0;  // pixels, turned upright; 0: unreadable
  std::vector<Face> faces;    // strongest first
  std::string reason;         // why there are no faces: "no face found", or what is wrong with the file
  bool readable = true;
};

enum class PixelFormat { grey, rgb, bgr, rgba, bgra };  // 8 bits a channel

// Somebody else's pixels, rows from the top, which must stay as they are until estimate() returns. Where a pixel is
// transparent (alpha, not premultiplied) white shines through.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int width = 0, height = 0;
  std::ptrdiff_t stride = 0;  // bytes from one row to the next; 0: the rows adjoin
  PixelFormat format = PixelFormat::rgb;
};

// Which of several kernels compute: their results may differ in the last bits.
enum class Kernels {
  fastest,   // timed once and remembered in ~/.cache/agewise (XDG_CACHE_HOME), as `agewise predict` does
  standard,  // nothing is timed, read or written: the same on every machine of one instruction set
};

struct Options {
  std::string model;  // a model file, or a run of `agewise train`; empty: the bundled model
  int threads = 0;    // 0: one a processor that the process may use
  // Whether faces are looked for. Both false: as the model's recipe says, and so for the bundled one in every picture.
  bool ready_crops = false;  // each picture is one face, cut out with the model's margin
  bool detect = false;       // also with a model that was trained on ready crops
  std::string detector;      // "yunet", "hog" or a file with YuNet's weights (.onnx); empty: as the model's recipe says
  bool small_faces = false;  // faces that are too small or too blurred get an age as well, and no reason
  bool distribution = false;
  Kernels kernels = Kernels::fastest;
};

struct AgeClass {
  std::string name;
  double years = 0;
};

// All functions but moving and destroying may be called by any number of threads at once; they share its threads. What
// a picture gets does not depend on the others. To be opened anew after fork(): in the child all calls throw Error.
class AGEWISE_API AgeEstimator {
 public:
  // Reads the model and starts the threads; the first time on a machine, Kernels::fastest takes a second longer. Throws
  // Error for a model that is missing or broken, or an option that does not fit it.
  static AgeEstimator open(const Options& options = {});
  static AgeEstimator open(const std::string& model);

  AgeEstimator(AgeEstimator&&) noexcept;
  AgeEstimator& operator=(AgeEstimator&&) noexcept;
  ~AgeEstimator();

  // JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF, told apart by content.
  Picture estimate(std::span<const std::byte> file) const;
  // Throws Error for a view that has no pixels or whose stride is shorter than a row.
  Picture estimate(const ImageView& image) const;

  // Many at once, an answer each, in order: read on all threads, the network taking faces of several pictures together.
  std::vector<Picture> estimate_all(std::span<const std::span<const std::byte>> files) const;
  std::vector<Picture> estimate_all(std::span<const ImageView> images) const;

  const std::string& model_file() const;
  const std::vector<AgeClass>& classes() const;
  // What the model says of itself: "licence", "data" …
  const std::map<std::string, std::string>& notes() const;
  // What a user should know of the options that were chosen: that the model's intervals do not hold, and why. Mostly
  // empty.
  const std::string& warning() const;

 private:
  class Host;
  explicit AgeEstimator(std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

// "0.1.0".
AGEWISE_API const char* version();

}  // namespace agewise
