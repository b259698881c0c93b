// Published weights that are recognised by what they hold, and what they want of a picture.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "agewise/estimate/import.h"
#include "agewise/recipe/recipe.h"
#include "agewise/weights/arrays.h"
#include "agewise/weights/onnx.h"

namespace agewise::estimate {

struct KnownWeights {
  std::string name;  // for people
  std::vector<double> mean;
  double scale;
  bool bgr;
  std::vector<double> class_values;      // years of the first classes, where they are not 0, 1, 2 …
  std::vector<std::string> layer_names;  // of an ONNX file's layers with weights, in order; empty: as in the file
  // Beyond `scale`, one a channel of the input.
  std::vector<double> channel_scales = {};
  std::map<std::string, std::string> renamed = {};  // layers of a file of arrays: theirs → ours
};

// Null: not one that is known.
const KnownWeights* recognise(const weights::OnnxNetwork& network);
const KnownWeights* recognise(const weights::WeightFile& weights);

// LAYER.weight, of the file or of an architecture, under the name by which they find each other: renamed as is known,
// and "fc8-101.weight" as "fc8.weight".
std::string our_name(const std::string& array, const KnownWeights* known);

// Gives the layers with weights their known names; a scale after such a layer gets its name and "_bn".
void rename_layers(const KnownWeights& known, nn::Graph& graph);

// Mean, scale and channel order: those of the options where they are given, else those that are known (`known` may be
// null), else as they are.
void set_pixels(const KnownWeights* known, const ImportOptions& options, recipe::NetworkRecipe& network);

}  // namespace agewise::estimate
