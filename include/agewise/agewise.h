// agewise as a library: finds the faces in a picture and estimates their ages.
//
//   auto estimator = agewise::AgeEstimator::open();              // the bundled model
//   agewise::Picture picture = estimator.estimate(bytes);        // a JPEG, PNG … in memory, or pixels: ImageView
//   for (const agewise::Face& face : picture.faces)
//     if (face.age) std::cout << *face.age << '\n';
//
// All numbers are the same, to the last digit, as `agewise predict --json` prints for the same picture: coordinates,
// angles and years are multiples of 0.001, probabilities of 0.000001.
//
// Failures are thrown as agewise::Error. A picture that cannot be read, or that shows no face, is not a failure: the
// result is a Picture with a reason. Nothing here prints, exits, handles signals or changes the locale or the OpenMP
// threads of the caller: all work is done on the estimator's own threads. The only file written is the user's tuning
// cache, which remembers the fastest kernels (Kernels).
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

// what() is one line that names the file or the argument and says what to do.
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

// In years. Contains the true age with the probability `coverage`, for pictures like those used to calibrate the model.
struct Interval {
  double low = 0, high = 0, coverage = 0;
};

// The probability that somebody is so many years old or older. Calibrated: of the faces of which 0.9 is told, nine in
// ten are, if pictures and ages are like those used to calibrate the model. Not a proof of anybody's age.
struct AtLeast {
  int years = 0;
  double probability = 0;
};

struct Face {
  // Where the face is in the picture turned upright by its EXIF tag. Absent: the whole picture was taken as a face.
  std::optional<Box> box;  // before it is rotated …
  double angle = 0;        // … about its centre by this angle, in degrees clockwise
  double score = 0;        // the detector's score; higher is more certain
  double replicated = 0;   // share of the face crop that lies outside the picture, 0 … 1
  // Eyes, nose and corners of the mouth. Of each pair, the point on the left of the face as seen in the picture comes
  // first, if the face is upright. Not every detector finds them.
  std::optional<std::array<Point, 5>> points;

  std::optional<double> age;         // years; absent: see reason
  std::string reason;                // why there is no age ("too blurred", "cannot tell: 14 to 62 years"); empty if not
  std::optional<Interval> interval;  // if the model is calibrated; also where it is too wide to tell an age
  std::optional<AtLeast> at_least;   // if Options::at_least is set; also where the interval is too wide to tell an age
  std::optional<double> spread;      // if the model is an ensemble: standard deviation of its members' ages, years
  std::optional<double> male;        // if the model has a gender head: the probability that the face is a man's
  std::string age_class;             // the most probable class; empty if each class is one year
  std::vector<double> distribution;  // if Options::distribution is set: one probability per class
};

struct Picture {
  int width = 0, height = 0;  // pixels of the upright picture; 0 if it is unreadable
  std::vector<Face> faces;    // highest score first
  std::string reason;         // why there are no faces: "no face found", or what is wrong with the file
  bool readable = true;
};

enum class PixelFormat { grey, rgb, bgr, rgba, bgra };  // 8 bits per channel

// Pixels owned by the caller, rows from the top. They must not change until estimate() returns. Transparent pixels
// (alpha is not premultiplied) are blended with white.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int width = 0, height = 0;
  std::ptrdiff_t stride = 0;  // bytes from one row to the next; 0: rows without gaps
  PixelFormat format = PixelFormat::rgb;
};

// Which kernels compute. The results of different kernels may differ in the last bits.
enum class Kernels {
  fastest,   // timed once and remembered in ~/.cache/agewise (XDG_CACHE_HOME), as by `agewise predict`
  standard,  // nothing is timed, read or written: the same on all machines with the same instruction set
};

struct Options {
  // A model file, a run of `agewise train`, "compact" (also if empty; for research only) or "permissive".
  std::string model;
  int threads = 0;  // 0: one for each processor that the process may use
  // Whether faces are detected. Both false: as the model's recipe says; for the bundled models, they are detected.
  bool ready_crops = false;  // do not detect: each picture is one face, cut out with the model's margin
  bool detect = false;       // detect, even if the model was trained on ready crops
  std::string detector;      // "yunet", "hog" or a file with YuNet's weights (.onnx); empty: as the model's recipe says
  bool small_faces = false;  // faces that are too small or too blurred get an age as well, instead of a reason
  bool distribution = false;  // fill Face::distribution
  int at_least = 0;           // years: fill Face::at_least for them; 0: do not
  Kernels kernels = Kernels::fastest;
};

struct AgeClass {
  std::string name;
  double years = 0;
};

// Except for moving and destroying, any number of threads may use it at once; they share its threads. The result for a
// picture does not depend on the others. After fork(), open another one in the child, where all calls throw Error.
class AGEWISE_API AgeEstimator {
 public:
  // Reads the model and starts the threads. With Kernels::fastest, the first call on a machine takes a second longer.
  // Throws Error if the model is missing or broken, or if an option does not fit it.
  static AgeEstimator open(const Options& options = {});
  static AgeEstimator open(const std::string& model);

  AgeEstimator(AgeEstimator&&) noexcept;
  AgeEstimator& operator=(AgeEstimator&&) noexcept;
  ~AgeEstimator();

  // JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF, recognised by content.
  Picture estimate(std::span<const std::byte> file) const;
  // Throws Error if the view has no pixels or its stride is shorter than a row.
  Picture estimate(const ImageView& image) const;

  // One result per picture, in order. Pictures are read on all threads; the network takes faces of several together.
  std::vector<Picture> estimate_all(std::span<const std::span<const std::byte>> files) const;
  std::vector<Picture> estimate_all(std::span<const ImageView> images) const;

  const std::string& model_file() const;
  const std::vector<AgeClass>& classes() const;
  // The model's notes: "licence", "data" …
  const std::map<std::string, std::string>& notes() const;
  // What a user should know about the chosen options, for example that the model's intervals do not hold, and why.
  // Usually empty.
  const std::string& warning() const;

 private:
  class Host;
  explicit AgeEstimator(std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

// "0.1.0".
AGEWISE_API const char* version();

}  // namespace agewise
