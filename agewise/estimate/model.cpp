#include "agewise/estimate/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/nn/build.h"
#include "agewise/nn/loss.h"
#include "agewise/weights/half.h"

namespace agewise {
namespace {

using nlohmann::json;

constexpr const char* kVersionText = "agewise_model";
constexpr const char* kVersion = "1";
constexpr const char* kWhiteningHash = "whitening_hash";
constexpr const char* kWhiteningFile = "whiten.safetensors";
constexpr const char* kAttached = "train.";
constexpr const char* kMembers = "members";  // of an ensemble; absent: 1
constexpr int kMostMembers = 1000;

// Before the names of a further member's arrays; `other` from 0.
std::string member_prefix(std::size_t other) { return fmt::format("member{}.", other + 2); }

bool is_attached(const std::string& name) { return name.rfind(kAttached, 0) == 0; }

const std::string& text_of(const SafetensorsFile& file, const char* name) {
  auto text = file.metadata().find(name);
  if (text == file.metadata().end()) throw file_error(file.path(), fmt::format("metadata has no {}", name));
  return text->second;
}

void check_version(const SafetensorsFile& file) {
  auto version = file.metadata().find(kVersionText);
  if (version == file.metadata().end()) {
    throw file_error(file.path(), "is a safetensors file, but no agewise model");
  }
  if (version->second != kVersion) {
    throw file_error(file.path(), "was written by a newer agewise; this one reads models of version 1");
  }
}

Classes read_classes(const SafetensorsFile& file, const ClassesRecipe& recipe) {
  Classes classes = classes_of(recipe);
  try {
    json stored = json::parse(text_of(file, "classes"));
    auto values = stored.at("values").get<std::vector<double>>();
    bool fit = stored.at("names").get<std::vector<std::string>>() == classes.names &&
               values.size() == classes.values.size() &&
               std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
    if (!fit) throw file_error(file.path(), "metadata classes: are not those of the recipe");
    classes.values = std::move(values);
  } catch (const json::exception& error) {
    throw file_error(file.path(), fmt::format("metadata classes: {}", error.what()));
  }
  return classes;
}

std::map<std::string, std::string> read_notes(const SafetensorsFile& file) {
  try {
    return json::parse(text_of(file, "notes")).get<std::map<std::string, std::string>>();
  } catch (const json::exception& error) {
    throw file_error(file.path(), fmt::format("metadata notes: {}", error.what()));
  }
}

json to_json(const Intervals& intervals) {
  json bands = json::array();
  for (const IntervalBand& band : intervals.bands)
    bands.push_back({{"from", band.from}, {"below", band.below}, {"above", band.above}});
  return {{"coverage", intervals.coverage}, {"bands", bands}};
}

std::optional<Intervals> read_intervals(const SafetensorsFile& file) {
  auto text = file.metadata().find("intervals");
  if (text == file.metadata().end()) return std::nullopt;
  Intervals intervals;
  try {
    json stored = json::parse(text->second);
    intervals.coverage = stored.at("coverage").get<double>();
    for (const json& band : stored.at("bands")) {
      intervals.bands.push_back(
          {band.at("from").get<double>(), band.at("below").get<double>(), band.at("above").get<double>()});
    }
  } catch (const json::exception& error) {
    throw file_error(file.path(), fmt::format("metadata intervals: {}", error.what()));
  }
  auto is_wrong = [](const IntervalBand& band) {
    return !std::isfinite(band.from) || !(band.below >= 0) || !(band.above >= 0) || band.below > 1000 ||
           band.above > 1000;
  };
  if (!(intervals.coverage > 0 && intervals.coverage < 1) || intervals.bands.empty() ||
      std::any_of(intervals.bands.begin(), intervals.bands.end(), is_wrong)) {
    throw file_error(file.path(), "metadata intervals: holds no intervals of ages");
  }
  return intervals;
}

bool is_weight(const ParameterInfo& info) { return info.shape.size() > 1; }

std::vector<float> read_parameters(const SafetensorsFile& file, const std::vector<ParameterInfo>& infos,
                                   const std::string& prefix = "") {
  for (const ParameterInfo& info : infos) {
    if (!file.contains(prefix + info.name))
      throw file_error(file.path(), fmt::format("has no array \"{}\"", prefix + info.name));
  }
  std::vector<float> parameters(static_cast<std::size_t>(parameter_count(infos)));
  std::span<float> left(parameters);
  for (const ParameterInfo& info : infos) {
    std::span<float> values = left.first(static_cast<std::size_t>(info.size()));
    left = left.subspan(values.size());
    file.read(prefix + info.name, info.shape, values);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
      throw file_error(file.path(), fmt::format("array \"{}\": holds a value that is not finite", prefix + info.name));
  }
  return parameters;
}

Member member_at(std::shared_ptr<const SafetensorsFile> file, std::string prefix) {
  return [file = std::move(file), prefix = std::move(prefix)](const ParameterInfo& info, std::span<float> values) {
    file->read(prefix + info.name, info.shape, values);
  };
}

std::vector<Member> read_others(const std::shared_ptr<const SafetensorsFile>& open, const Graph& graph,
                                const std::vector<ParameterInfo>& infos) {
  const SafetensorsFile& file = *open;
  auto text = file.metadata().find(kMembers);
  if (text == file.metadata().end()) return {};
  int members = 0;
  const std::string& number = text->second;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), members);
  if (error != std::errc() || end != number.data() + number.size() || members < 2 || members > kMostMembers)
    throw file_error(file.path(), fmt::format("metadata {}: is no number from 2 to {}", kMembers, kMostMembers));
  bool held =
      static_cast<std::size_t>(members) * static_cast<std::size_t>(parameter_count(infos)) <= kMostParametersHeld;
  std::vector<Member> others;
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(members); ++i) {
    std::vector<float> parameters = read_parameters(file, infos, member_prefix(i));
    others.push_back(held ? member_in_memory(graph, std::move(parameters)) : member_at(open, member_prefix(i)));
  }
  return others;
}

Zca read_named_whitening(const SafetensorsFile& model, const std::string& hash) {
  std::filesystem::path path = model.path().parent_path() / kWhiteningFile;
  if (content_hash(MappedFile::read_only(path).bytes()) != hash) {
    throw file_error(path, fmt::format("is not the transform that {} was trained with", model.path().string()));
  }
  return read_zca(path);
}

std::optional<Zca> read_whitening(const SafetensorsFile& file, const Model& model) {
  if (model.recipe.whiten.method == Whitening::none) return std::nullopt;
  auto hash = file.metadata().find(kWhiteningHash);
  Zca zca = hash == file.metadata().end() ? read_zca(file) : read_named_whitening(file, hash->second);
  std::int64_t pixels = model.graph.layers[model.graph.inputs.front()].shape.size();
  if (zca.dimensions != pixels) {
    throw file_error(file.path(),
                     fmt::format("the whitening is of {} pixels, the network of {}", zca.dimensions, pixels));
  }
  return zca;
}

void check_nothing_else(const SafetensorsFile& file, const Model& model, const std::vector<ParameterInfo>& infos) {
  std::vector<std::string> known;
  for (const ParameterInfo& info : infos) {
    known.push_back(info.name);
    for (std::size_t i = 0; i < model.others.size(); ++i) known.push_back(member_prefix(i) + info.name);
  }
  if (model.whitening) {
    for (const TensorView& tensor : zca_tensors(*model.whitening)) known.push_back(tensor.name);
  }
  for (const StoredTensor& tensor : file.tensors()) {
    if (!is_attached(tensor.name) && std::find(known.begin(), known.end(), tensor.name) == known.end()) {
      throw file_error(file.path(), fmt::format("array {}: the network has no such parameter", name_text(tensor.name)));
    }
  }
}

}  // namespace

Graph graph_of(const Recipe& recipe, const Classes& classes) {
  int channels = recipe.face.colour == Colour::grey ? 1 : 3;
  if (!recipe.network.mean.empty() && recipe.network.mean.size() != static_cast<std::size_t>(channels)) {
    throw UsageError(fmt::format("network.mean must have one number a channel: {}", channels));
  }
  int outputs = outputs_for(recipe.train, classes);
  Graph graph = build_graph(recipe.network, channels, input_side(recipe), outputs);
  if (graph.outputs.size() != 1) throw UsageError("[network] must have one layer that no other layer reads");
  const Layer& last = graph.layers[graph.outputs.front()];
  if (last.shape != Shape{outputs, 1, 1}) {
    throw UsageError(fmt::format("layer {}: gives {} × {} × {} numbers; the loss needs {}", last.name,
                                 last.shape.channels, last.shape.height, last.shape.width, outputs));
  }
  if (recipe.train.gender_weight > 0 && std::holds_alternative<layer::Softmax>(last.kind)) {
    throw UsageError(fmt::format(
        "layer {}: a softmax would make one distribution of ages and gender; train.gender_weight needs a network that "
        "ends before it",
        last.name));
  }
  for (const std::string& pattern : recipe.train.frozen) freeze(graph, pattern);
  return graph;
}

Graph graph_of_members(const Model& model) {
  Graph all = model.graph;
  for (std::size_t other = 0; other < model.others.size(); ++other) {
    std::vector<int> place;  // in `all` of each layer of the member
    for (int i = 0; i < static_cast<int>(model.graph.layers.size()); ++i) {
      Layer layer = model.graph.layers[static_cast<std::size_t>(i)];
      bool shared = layer.inputs.empty();
      place.push_back(shared ? i : static_cast<int>(all.layers.size()));
      if (shared) continue;
      layer.name = member_prefix(other) + layer.name;
      for (int& input : layer.inputs) input = place[static_cast<std::size_t>(input)];
      all.layers.push_back(std::move(layer));
    }
    all.outputs.push_back(place[static_cast<std::size_t>(model.graph.outputs.front())]);
  }
  return all;
}

namespace {

void round_to_half(const ParameterInfo& info, std::span<float> values) {
  if (is_weight(info)) std::transform(values.begin(), values.end(), values.begin(), rounded_to_half);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
    throw Error(fmt::format("{}: holds weights too large for half precision", info.name));
}

// Calls `each(info, values)` for every parameter. Throws std::invalid_argument if these are not the graph's.
template <class Number, class Each>
void for_each_parameter(const Graph& graph, std::span<Number> parameters, Each each) {
  for (const ParameterInfo& info : parameters_of(graph)) {
    auto count = static_cast<std::size_t>(info.size());
    if (count > parameters.size()) throw std::invalid_argument("fewer parameters than the network has");
    each(info, parameters.first(count));
    parameters = parameters.subspan(count);
  }
  if (!parameters.empty()) throw std::invalid_argument("more parameters than the network has");
}

}  // namespace

void round_to_half(Model& model) {
  for_each_parameter(model.graph, std::span(model.parameters),
                     [](const ParameterInfo& info, std::span<float> values) { round_to_half(info, values); });
  for (Member& other : model.others) {
    for (const ParameterInfo& info : parameters_of(model.graph)) {  // whether they can be
      std::vector<float> values(static_cast<std::size_t>(info.size()));
      other(info, values);
      round_to_half(info, values);
    }
    other = [exact = std::move(other)](const ParameterInfo& info, std::span<float> values) {
      exact(info, values);
      round_to_half(info, values);
    };
  }
  model.half = true;
}

std::vector<TensorView> parameter_tensors(const Model& model) {
  std::vector<TensorView> tensors;
  for_each_parameter(model.graph, std::span(model.parameters),
                     [&](const ParameterInfo& info, std::span<const float> values) {
                       tensors.push_back({info.name, info.shape, values, model.half && is_weight(info)});
                     });
  for (std::size_t i = 0; i < model.others.size(); ++i) {
    for (const ParameterInfo& info : parameters_of(model.graph)) {
      auto load = [&other = model.others[i], info] {
        std::vector<float> values(static_cast<std::size_t>(info.size()));
        other(info, values);
        return values;
      };
      tensors.push_back({member_prefix(i) + info.name, info.shape, {}, model.half && is_weight(info), load});
    }
  }
  return tensors;
}

void write_model(const std::filesystem::path& file, const Model& model, const Attachment& attachment) {
  json classes{{"names", model.classes.names}, {"values", model.classes.values}};
  std::map<std::string, std::string> texts{{kVersionText, kVersion},
                                           {"recipe", to_toml(model.recipe)},
                                           {"classes", classes.dump()},
                                           {"notes", json(model.notes).dump()}};
  std::vector<TensorView> tensors = parameter_tensors(model);
  if (!model.others.empty()) texts[kMembers] = std::to_string(model.others.size() + 1);
  if (model.whitening) {
    texts[kWhiteningText] = zca_text(*model.whitening);
    for (TensorView& tensor : zca_tensors(*model.whitening)) tensors.push_back(std::move(tensor));
  } else if (!model.whitening_hash.empty()) {
    texts[kWhiteningHash] = model.whitening_hash;
  }
  if (model.intervals) texts["intervals"] = to_json(*model.intervals).dump();
  texts.insert(attachment.texts.begin(), attachment.texts.end());
  tensors.insert(tensors.end(), attachment.tensors.begin(), attachment.tensors.end());
  write_safetensors(file, texts, tensors);
}

Member member_in_memory(const Graph& graph, std::vector<float> parameters) {
  std::map<std::string, std::span<const float>> arrays;
  auto kept = std::make_shared<const std::vector<float>>(std::move(parameters));
  for_each_parameter(graph, std::span(*kept),
                     [&](const ParameterInfo& info, std::span<const float> values) { arrays[info.name] = values; });
  return [kept, arrays = std::move(arrays)](const ParameterInfo& info, std::span<float> values) {
    auto found = arrays.find(info.name);
    if (found == arrays.end() || found->second.size() != values.size())
      throw std::invalid_argument(info.name + ": is no parameter of this member, or of another size");
    std::ranges::copy(found->second, values.begin());
  };
}

Member member_in_file(const std::filesystem::path& file) {
  return member_at(std::make_shared<const SafetensorsFile>(file), "");
}

std::vector<float> parameters_of_member(const Graph& graph, const Member& member) {
  std::vector<float> parameters(static_cast<std::size_t>(parameter_count(parameters_of(graph))));
  for_each_parameter(graph, std::span(parameters), member);
  return parameters;
}

Model read_model(const std::filesystem::path& path) {
  auto open = std::make_shared<const SafetensorsFile>(path);
  const SafetensorsFile& file = *open;
  check_version(file);
  Model model;
  try {
    model.recipe = parse_recipe(text_of(file, "recipe"), "metadata recipe");
    model.classes = read_classes(file, model.recipe.classes);
    model.graph = graph_of(model.recipe, model.classes);
  } catch (const UsageError& error) {  // of whoever wrote the file, not of the user
    throw file_error(path, error.what());
  } catch (const std::invalid_argument& error) {
    throw file_error(path, fmt::format("metadata recipe: {}", error.what()));
  }
  std::vector<ParameterInfo> infos = parameters_of(model.graph);
  model.parameters = read_parameters(file, infos);
  model.others = read_others(open, model.graph, infos);
  model.whitening = read_whitening(file, model);
  model.notes = read_notes(file);
  model.intervals = read_intervals(file);
  check_nothing_else(file, model, infos);
  return model;
}

}  // namespace agewise
