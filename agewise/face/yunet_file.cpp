#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "agewise/base/error.h"
#include "agewise/face/overlap.h"
#include "agewise/face/upright_detector.h"
#include "agewise/image/resize.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/weights/onnx.h"

namespace agewise::face {
namespace {

constexpr std::array<int, 3> kStrides{8, 16, 32};  // pixels between the places that the network looks at
constexpr double kScoreADegree = 0.01;             // that an upright face loses by leaning
constexpr double kMostLean = 50;                   // degrees, of a face that still counts

// The outputs of one stride, a row a place: probabilities that it is a face and that something is there, the box
// (offset of its middle from the place, logarithm of its size, in strides), the five points (offsets, in strides).
struct Heads {
  std::span<const float> face, object, box, points;
};

class YunetDetector : public UprightDetector {
 public:
  explicit YunetDetector(const std::filesystem::path& file) : engine_(nn::make_cpu_engine({.threads = 1})) {
    weights::OnnxNetwork network = weights::read_onnx(file, {.size = kUsualSide});
    const nn::Shape& in = network.graph.layers[network.graph.inputs.front()].shape;
    if (network.inputs.size() != 1 || in.channels != 3 || in.width != in.height || in.width > kLargestSide ||
        in.width % kStrides.back() != 0)
      throw base::file_error(file, "is not YuNet: its input is not one square picture in colour");
    side_ = in.width;
    for (std::size_t s = 0; s < kStrides.size(); ++s) {
      std::size_t place = 0;
      for (const char* name : {"cls", "obj", "bbox", "kps"}) {
        std::string wanted = std::string(name) + "_" + std::to_string(kStrides[s]);
        auto found = std::find(network.outputs.begin(), network.outputs.end(), wanted);
        if (found == network.outputs.end()) throw base::file_error(file, "is not YuNet: it has no output " + wanted);
        outputs_[s][place++] = static_cast<int>(found - network.outputs.begin());
      }
    }
    network_ = engine_->compile(network.graph, 1, nn::Mode::infer);
    network_->set_parameters(network.parameters);
    for (std::size_t s = 0; s < kStrides.size(); ++s) {
      auto across = static_cast<std::size_t>(side_ / kStrides[s]);
      std::size_t places = across * across;
      Heads heads = heads_of(s);
      if (heads.face.size() != places || heads.object.size() != places || heads.box.size() != 4 * places ||
          heads.points.size() != 10 * places)
        throw base::file_error(file, "is not YuNet: its outputs have unexpected sizes");
    }
  }

  std::vector<Detection> faces(const image::Image& picture, double least) override { return found(picture, least, 0); }
  std::vector<Detection> upright_faces(const image::Image& picture, double least) override {
    return found(picture, least, kScoreADegree);
  }

  bool wants_colour() const override { return true; }

  // HOG's, which is taken for DEX's (hog.cpp), on 1,971 aligned faces of UTKFace: a square about a point 0.046 ± 0.032
  // of the height lower, of 0.95 ± 0.065 of the geometric mean of width and height (docs/faces.md).
  image::Box dex_box(const image::Box& own) const override {
    double width = own.right - own.left, height = own.bottom - own.top;
    double half = 0.95 * std::sqrt(width * height) / 2;
    double x = (own.left + own.right) / 2, y = (own.top + own.bottom) / 2 + 0.046 * height;
    return {x - half, y - half, x + half, y + half};
  }

  bool sees_all_sizes() const override { return true; }
  bool tells_upright() const override { return false; }
  int smallest_face() const override { return 64; }
  double threshold() const override { return 0.6; }
  double strong_score() const override { return 0.75; }
  double score_slack() const override { return 0.5; }

 private:
  static constexpr int kUsualSide = 320, kLargestSide = 2048;  // pixels; the first where the file leaves it open

  Heads heads_of(std::size_t stride) const {
    auto output = [&](std::size_t place) { return network_->output(outputs_[stride][place]); };
    return {output(0), output(1), output(2), output(3)};
  }

  // The picture in the network's top left corner, as large as fits, B G R from 0 to 255; returns the factor.
  double show(const image::Image& picture) {
    double scale = static_cast<double>(side_) / std::max(picture.width, picture.height);
    auto pixels = [&](int side) { return std::clamp(static_cast<int>(std::lround(side * scale)), 1, side_); };
    image::Image shown = image::resize(image::to_rgb(picture), pixels(picture.width), pixels(picture.height));
    std::span<float> input = network_->input();
    std::fill(input.begin(), input.end(), 0.0F);
    auto area = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (int y = 0; y < shown.height; ++y) {
      const std::uint8_t* pixel = shown.row(y);
      float* blue = input.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(side_);
      for (int x = 0; x < shown.width; ++x, pixel += 3) {
        blue[x] = pixel[2];
        blue[area + static_cast<std::size_t>(x)] = pixel[1];
        blue[2 * area + static_cast<std::size_t>(x)] = pixel[0];
      }
    }
    return scale;
  }

  std::vector<Detection> found(const image::Image& picture, double least, double score_a_degree) {
    double scale = show(picture);
    network_->forward();
    std::vector<Detection> all;
    for (std::size_t s = 0; s < kStrides.size(); ++s) {
      Heads heads = heads_of(s);
      double stride = kStrides[s] / scale;
      int across = side_ / kStrides[s];
      for (std::size_t i = 0; i < heads.face.size(); ++i) {
        double score = std::sqrt(std::clamp(heads.face[i], 0.0F, 1.0F) * std::clamp(heads.object[i], 0.0F, 1.0F));
        if (!(score >= least)) continue;  // not a number neither
        const float *box = &heads.box[4 * i], *points = &heads.points[10 * i];
        int column = static_cast<int>(i) % across, row = static_cast<int>(i) / across;
        double x = (column + box[0]) * stride, y = (row + box[1]) * stride;
        double width = std::exp(box[2]) * stride, height = std::exp(box[3]) * stride;
        // From the eye at the left of an upright face to the other.
        double lean = std::atan2(points[3] - points[1], points[2] - points[0]) * 180 / std::numbers::pi;
        score -= score_a_degree * std::abs(lean);
        bool is_face = score >= least && std::abs(lean) <= kMostLean && width >= 1 && height >= 1;
        if (!is_face || !std::isfinite(x + y + width + height)) continue;
        all.push_back({{x - width / 2, y - height / 2, x + width / 2, y + height / 2}, score, lean});
      }
    }
    return without_doubles(std::move(all));
  }

  std::unique_ptr<nn::Engine> engine_;
  std::unique_ptr<nn::Executable> network_;
  int side_ = 0;
  std::array<std::array<int, 4>, kStrides.size()> outputs_{};  // by stride: face, object, box, points
};

}  // namespace

std::unique_ptr<UprightDetector> make_yunet_detector(const std::filesystem::path& file) {
  return std::make_unique<YunetDetector>(file);
}

}  // namespace agewise::face
