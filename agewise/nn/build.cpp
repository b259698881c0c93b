#include "agewise/nn/build.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <functional>
#include <set>

#include "agewise/base/error.h"
#include "agewise/base/nearest.h"

namespace agewise::nn {
namespace {

// A layer's options, each taken once. finish() complains of those nobody asked for, then of one that is missing: a key
// misspelt is both, and its nearest known one says more.
class Options {
 public:
  static constexpr std::int64_t kMostNumber = 1 << 28;

  Options(std::string layer, const std::map<std::string, recipe::LayerValue>& values)
      : layer_(std::move(layer)), values_(values) {}

  bool has(const std::string& key) const { return values_.contains(key); }

  int integer(const std::string& key) {
    const recipe::LayerValue* value = find(key, false);
    if (value == nullptr) return 1;
    const auto* number = std::get_if<std::int64_t>(value);
    if (number == nullptr || *number < 0 || *number > 1'000'000)
      reject(key, "must be a whole number from 0 to 1,000,000");
    return static_cast<int>(*number);
  }
  int integer(const std::string& key, int fallback) { return find(key, true) == nullptr ? fallback : integer(key); }

  double number(const std::string& key) {
    const recipe::LayerValue* value = find(key, false);
    if (value == nullptr) return 0;
    if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
    if (const auto* real = std::get_if<double>(value)) return *real;
    reject(key, "must be a number");
  }
  double number(const std::string& key, double fallback) { return find(key, true) == nullptr ? fallback : number(key); }

  double factor(const std::string& key, double fallback) {
    double value = number(key, fallback);
    if (!(value >= 0 && value <= 1e6)) reject(key, "must be from 0 to 1,000,000");
    return value;
  }

  bool flag(const std::string& key, bool fallback) {
    const recipe::LayerValue* value = find(key, true);
    if (value == nullptr) return fallback;
    if (const auto* given = std::get_if<bool>(value)) return *given;
    reject(key, "must be true or false");
  }

  Padding padding() {
    const recipe::LayerValue* value = find("pad", true);
    if (value == nullptr) return {};
    if (const auto* sides = std::get_if<std::vector<std::int64_t>>(value); sides != nullptr && sides->size() == 4) {
      auto side = [&](int i) { return static_cast<int>(std::clamp<std::int64_t>((*sides)[i], -1, 1'000'000)); };
      return {side(0), side(1), side(2), side(3)};
    }
    if (!std::holds_alternative<std::int64_t>(*value))
      reject("pad", "must be a whole number or [top, left, bottom, right]");
    int all = integer("pad");
    return {all, all, all, all};
  }

  Initial initial() {
    static const std::vector<std::string> names{"he-normal", "lecun-normal", "pytorch-uniform", "normal-001"};
    const recipe::LayerValue* value = find("initial", true);
    if (value == nullptr) return Initial::he_normal;
    const auto* name = std::get_if<std::string>(value);
    auto found = name == nullptr ? names.end() : std::find(names.begin(), names.end(), *name);
    if (found == names.end()) reject("initial", fmt::format("must be one of {}", fmt::join(names, ", ")));
    return static_cast<Initial>(found - names.begin());
  }

  std::array<int, 3> three(const std::string& key) {
    const recipe::LayerValue* value = find(key, false);
    if (value == nullptr) return {1, 1, 1};
    const auto* list = std::get_if<std::vector<std::int64_t>>(value);
    if (list == nullptr || list->size() != 3) reject(key, "must be a list of three whole numbers");
    auto number = [&](int i) { return static_cast<int>(std::clamp<std::int64_t>((*list)[i], -1, kMostNumber)); };
    return {number(0), number(1), number(2)};
  }

  int outputs(int classes) {
    const recipe::LayerValue* value = find("outputs", false);
    const auto* word = value == nullptr ? nullptr : std::get_if<std::string>(value);
    if (word == nullptr) return integer("outputs");
    if (*word != "classes") reject("outputs", "must be a whole number or \"classes\"");
    return classes;
  }

  void finish() const {
    for (const auto& [key, value] : values_) {
      if (asked_.contains(key)) continue;
      std::vector<std::string> known(asked_.begin(), asked_.end());
      if (known.empty()) reject(key, "unknown: this kind of layer has no options");
      throw base::UsageError(
          fmt::format("layer {}: unknown key {}; did you mean {}?", layer_, key, base::nearest_name(key, known)));
    }
    if (!missing_.empty()) reject(missing_, "is missing");
  }

 private:
  const recipe::LayerValue* find(const std::string& key, bool optional) {
    asked_.insert(key);
    auto found = values_.find(key);
    if (found != values_.end()) return &found->second;
    if (!optional && missing_.empty()) missing_ = key;
    return nullptr;
  }

  [[noreturn]] void reject(const std::string& key, const std::string& problem) const {
    throw base::UsageError(fmt::format("layer {}: {} {}", layer_, key, problem));
  }

  std::string layer_;
  const std::map<std::string, recipe::LayerValue>& values_;
  std::set<std::string> asked_;
  std::string missing_;
};

using Maker = std::function<LayerKind(Options&, int classes)>;

template <class Pool>
LayerKind make_pool(Options& options, int) {
  int kernel = options.integer("kernel");
  return Pool{kernel, options.integer("stride", kernel), options.padding()};
}

LayerKind make_convolution(Options& options, int) {
  layer::Convolution c{};
  c.channels = options.integer("channels");
  if (options.has("kernel_height") || options.has("kernel_width")) {
    c.kernel_height = options.integer("kernel_height");
    c.kernel_width = options.integer("kernel_width");
  } else {
    c.kernel_height = c.kernel_width = options.integer("kernel");
  }
  c.stride = options.integer("stride", 1);
  c.pad = options.padding();
  c.groups = options.integer("groups", 1);
  c.bias = options.flag("bias", true);
  c.initial = options.initial();
  return c;
}

LayerKind make_fully_connected(Options& options, int classes) {
  int outputs = options.outputs(classes);
  bool bias = options.flag("bias", true);
  return layer::FullyConnected{outputs, bias, options.initial()};
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all{
      {"convolution", make_convolution},
      {"batch-norm",
       [](Options& o, int) -> LayerKind {
         double epsilon = o.number("epsilon", 1e-5);
         return layer::BatchNorm{epsilon, o.number("momentum", 0.9)};
       }},
      {"relu", [](Options&, int) -> LayerKind { return layer::Relu{}; }},
      {"max-pool", make_pool<layer::MaxPool>},
      {"average-pool", make_pool<layer::AveragePool>},
      {"global-average-pool", [](Options&, int) -> LayerKind { return layer::GlobalAveragePool{}; }},
      {"dropout", [](Options& o, int) -> LayerKind { return layer::Dropout{o.number("rate")}; }},
      {"fully-connected", make_fully_connected},
      {"add", [](Options&, int) -> LayerKind { return layer::Add{}; }},
      {"pad",
       [](Options& o, int) -> LayerKind {
         int channels = o.integer("channels", 0), bottom = o.integer("bottom", 0), right = o.integer("right", 0);
         return layer::Pad{channels, bottom, right, o.integer("top", 0), o.integer("left", 0)};
       }},
      {"concat", [](Options&, int) -> LayerKind { return layer::Concat{}; }},
      {"softmax", [](Options&, int) -> LayerKind { return layer::Softmax{}; }},
      {"scale", [](Options&, int) -> LayerKind { return layer::Scale{}; }},
      {"prelu", [](Options&, int) -> LayerKind { return layer::PRelu{}; }},
      {"sigmoid", [](Options&, int) -> LayerKind { return layer::Sigmoid{}; }},
      {"tanh", [](Options&, int) -> LayerKind { return layer::Tanh{}; }},
      {"multiply", [](Options&, int) -> LayerKind { return layer::Multiply{}; }},
      {"subtract", [](Options&, int) -> LayerKind { return layer::Subtract{}; }},
      {"divide", [](Options&, int) -> LayerKind { return layer::Divide{}; }},
      {"upsample", [](Options& o, int) -> LayerKind { return layer::Upsample{o.integer("factor")}; }},
      {"reshape",
       [](Options& o, int) -> LayerKind {
         auto [channels, height, width] = o.three("shape");
         return layer::Reshape{{channels, height, width}};
       }},
      {"hard-swish", [](Options&, int) -> LayerKind { return layer::HardSwish{}; }},
      {"silu", [](Options&, int) -> LayerKind { return layer::Silu{}; }},
      {"hard-sigmoid",
       [](Options& o, int) -> LayerKind {
         double slope = o.number("slope", 1.0 / 6);
         return layer::HardSigmoid{slope, o.number("offset", 0.5)};
       }},
      {"gelu", [](Options& o, int) -> LayerKind { return layer::Gelu{o.flag("tanh", false)}; }},
      {"clip",
       [](Options& o, int) -> LayerKind {
         double low = o.number("low", 0);
         return layer::Clip{low, o.number("high", 6)};
       }},
      {"layer-norm", [](Options& o, int) -> LayerKind { return layer::LayerNorm{o.number("epsilon", 1e-5)}; }},
      {"slice",
       [](Options& o, int) -> LayerKind {
         int first = o.integer("first", 0);
         return layer::Slice{first, o.integer("channels")};
       }},
      {"shuffle", [](Options& o, int) -> LayerKind { return layer::Shuffle{o.integer("groups")}; }},
      {"transpose", [](Options& o, int) -> LayerKind { return layer::Transpose{o.three("order")}; }},
  };
  return all;
}

const Maker& maker_of(const std::string& kind, const std::string& layer) {
  auto found = makers().find(kind);
  if (found != makers().end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, maker] : makers()) known.push_back(name);
  throw base::UsageError(
      fmt::format("layer {}: unknown kind \"{}\"; did you mean \"{}\"?", layer, kind, base::nearest_name(kind, known)));
}

int index_of(const Graph& graph, const std::string& name, const std::string& reader) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    if (graph.layers[i].name == name) return static_cast<int>(i);
    known.push_back(graph.layers[i].name);
  }
  throw base::UsageError(fmt::format("layer {}: from names \"{}\", which is not an earlier layer; did you mean \"{}\"?",
                                     reader, name, base::nearest_name(name, known)));
}

bool has_weights(const LayerKind& kind) {
  return std::holds_alternative<layer::Convolution>(kind) || std::holds_alternative<layer::FullyConnected>(kind) ||
         std::holds_alternative<layer::BatchNorm>(kind) || std::holds_alternative<layer::Scale>(kind) ||
         std::holds_alternative<layer::PRelu>(kind) || std::holds_alternative<layer::LayerNorm>(kind);
}

void append(Graph& graph, const recipe::LayerRecipe& recipe, int classes) {
  Layer layer;
  layer.name = recipe.name.empty() ? fmt::format("{}{}", recipe.kind, graph.layers.size()) : recipe.name;
  for (const Layer& other : graph.layers) {
    if (other.name == layer.name)
      throw base::UsageError(fmt::format("layer {}: two layers have this name", layer.name));
  }
  Options options(layer.name, recipe.options);
  layer.kind = maker_of(recipe.kind, layer.name)(options, classes);
  if (has_weights(layer.kind)) {
    layer.lr_multiplier = options.factor("lr_multiplier", 1);
    layer.bias_lr_multiplier = options.factor("bias_lr_multiplier", layer.lr_multiplier);
  }
  options.finish();
  if (recipe.from.empty()) layer.inputs = {static_cast<int>(graph.layers.size()) - 1};
  for (const std::string& name : recipe.from) layer.inputs.push_back(index_of(graph, name, layer.name));
  std::vector<Shape> shapes;
  for (int input : layer.inputs) shapes.push_back(graph.layers[input].shape);
  layer.shape = shape_of(layer, shapes);
  graph.layers.push_back(std::move(layer));
}

std::vector<int> layers_nobody_reads(const Graph& graph) {
  std::vector<bool> read(graph.layers.size(), false);
  for (const Layer& layer : graph.layers) {
    for (int input : layer.inputs) read[input] = true;
  }
  std::vector<int> unread;
  for (int i = 0; i < static_cast<int>(read.size()); ++i) {
    if (!read[i]) unread.push_back(i);
  }
  return unread;
}

}  // namespace

Graph build_graph(const recipe::NetworkRecipe& network, int channels, int size, int classes) {
  if (network.layers.empty()) throw base::UsageError("[network] has no layers");
  Graph graph;
  Shape input{channels, size, size};
  graph.layers.push_back({"input", layer::Input{input}, {}, input});
  graph.inputs = {0};
  for (const recipe::LayerRecipe& recipe : network.layers) append(graph, recipe, classes);
  graph.outputs = layers_nobody_reads(graph);
  return graph;
}

void freeze(Graph& graph, const std::string& pattern) {
  bool any = false;
  std::vector<std::string> names;
  for (Layer& layer : graph.layers) {
    if (!has_weights(layer.kind)) continue;
    names.push_back(layer.name);
    if (::fnmatch(pattern.c_str(), layer.name.c_str(), 0) != 0) continue;
    any = true;
    layer.lr_multiplier = layer.bias_lr_multiplier = 0;
    if (auto* norm = std::get_if<layer::BatchNorm>(&layer.kind)) norm->momentum = 1;
  }
  if (any) return;
  if (names.empty()) throw base::UsageError("train.frozen: the network has no layers with weights");
  throw base::UsageError(fmt::format("train.frozen: no layer with weights is called {}; did you mean {}?", pattern,
                                     base::nearest_name(pattern, names)));
}

}  // namespace agewise::nn
