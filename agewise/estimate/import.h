// Weight files of other programs as models of ours, with what they need of a picture: size, channel order, mean, scale.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agewise/estimate/model.h"
#include "agewise/image/image.h"
#include "agewise/nn/engine.h"

namespace agewise::estimate {

// What a weight file does not say. Whatever is absent follows from the network that the file is recognised to be, then
// from the architecture, else: RGB, pixels 0 … 255 as they are.
struct ImportOptions {
  std::optional<recipe::Recipe> architecture;  // the network that the weights are for; ONNX files bring their own
  std::vector<double> mean;                    // one a channel, in the network's order
  std::optional<double> scale;
  std::optional<bool> bgr;
  int size = 0;             // pixels, where a network leaves it open
  int classes = 0;          // years; 0: as many as the last layer gives
  std::string output;       // of an ONNX network with several: the one that is the age
  bool fold_scales = true;  // weights/onnx.h
};

struct Imported {
  Model model;
  std::string recognised;            // "dlib's age predictor", or empty
  std::vector<std::string> notices;  // what a user should know, a sentence each
};

// The file's kind is known by its content: ONNX, caffemodel, PyTorch's .pth, safetensors; all but ONNX need an
// architecture. Of an ONNX network: one input of square pictures, one output, a number a class or one number that is
// the age in years; a softmax at the end goes (estimates make their own), so that the model can be trained further.
// Throws Error naming the file for what cannot be read or does not fit, UsageError for options that do not.
Imported import_model(const std::filesystem::path& file, const ImportOptions& options);

// Every scale that alone follows a convolution becomes batch normalisation: its running statistics are those of the
// convolution's output over `faces` (prepared as the recipe says), γ and β such that the model estimates what it did.
// So a network whose normalisation was folded away can be trained again: scales with the statistics 0 and 1 would
// destroy in their first steps what the network had learned. Throws Error if there is no such scale, or no face.
Model with_batch_norm(const Model& model, nn::Engine& engine, std::span<const image::Image> faces);

}  // namespace agewise::estimate
