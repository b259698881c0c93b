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
#include "agewise/base/hash.h"
#include "agewise/base/json.h"
#include "agewise/estimate/interval_text.h"
#include "agewise/estimate/json.h"
#include "agewise/nn/build.h"
#include "agewise/nn/loss.h"
#include "agewise/weights/caffemodel.h"
#include "agewise/weights/half.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/pth.h"

namespace agewise::estimate {
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

const std::string& text_of(const weights::SafetensorsFile& file, const char* name) {
  auto text = file.metadata().find(name);
  if (text == file.metadata().end()) throw base::file_error(file.path(), fmt::format("metadata has no {}", name));
  return text->second;
}

void check_version(const weights::SafetensorsFile& file) {
  auto version = file.metadata().find(kVersionText);
  if (version == file.metadata().end()) {
    throw base::file_error(file.path(), "is a safetensors file, but not an agewise model");
  }
  if (version->second != kVersion) {
    throw base::file_error(file.path(), "was written by a newer agewise; this one reads models of version 1");
  }
}

age::Classes read_classes(const weights::SafetensorsFile& file, const recipe::ClassesRecipe& recipe) {
  age::Classes classes = recipe::classes_of(recipe);
  try {
    json stored = base::parse_json(text_of(file, "classes"));
    auto values = stored.at("values").get<std::vector<double>>();
    bool fit = stored.at("names").get<std::vector<std::string>>() == classes.names &&
               values.size() == classes.values.size() &&
               std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
    if (!fit) throw base::file_error(file.path(), "metadata classes: do not match the recipe");
    classes.values = std::move(values);
  } catch (const json::exception& error) {
    throw base::file_error(file.path(), fmt::format("metadata classes: {}", error.what()));
  }
  return classes;
}

std::map<std::string, std::string> read_notes(const weights::SafetensorsFile& file) {
  try {
    return base::parse_json(text_of(file, "notes")).get<std::map<std::string, std::string>>();
  } catch (const json::exception& error) {
    throw base::file_error(file.path(), fmt::format("metadata notes: {}", error.what()));
  }
}

std::optional<Intervals> read_intervals(const weights::SafetensorsFile& file) {
  auto text = file.metadata().find("intervals");
  if (text == file.metadata().end()) return std::nullopt;
  try {
    return parse_intervals(text->second);
  } catch (const std::invalid_argument& error) {
    throw base::file_error(file.path(), fmt::format("metadata intervals: {}", error.what()));
  }
}

bool is_weight(const nn::ParameterInfo& info) { return info.shape.size() > 1; }

std::vector<float> read_parameters(const weights::SafetensorsFile& file, const std::vector<nn::ParameterInfo>& infos,
                                   const std::string& prefix = "") {
  for (const nn::ParameterInfo& info : infos) {
    if (!file.contains(prefix + info.name))
      throw base::file_error(file.path(), fmt::format("has no array \"{}\"", prefix + info.name));
  }
  std::vector<float> parameters(static_cast<std::size_t>(nn::parameter_count(infos)));
  std::span<float> left(parameters);
  for (const nn::ParameterInfo& info : infos) {
    std::span<float> values = left.first(static_cast<std::size_t>(info.size()));
    left = left.subspan(values.size());
    file.read(prefix + info.name, info.shape, values);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
      throw base::file_error(file.path(),
                             fmt::format("array \"{}\": holds a value that is not finite", prefix + info.name));
  }
  return parameters;
}

Member member_at(std::shared_ptr<const weights::SafetensorsFile> file, std::string prefix) {
  return [file = std::move(file), prefix = std::move(prefix)](const nn::ParameterInfo& info, std::span<float> values) {
    file->read(prefix + info.name, info.shape, values);
  };
}

std::vector<Member> read_further_members(const std::shared_ptr<const weights::SafetensorsFile>& open,
                                         const nn::Graph& graph, const std::vector<nn::ParameterInfo>& infos) {
  const weights::SafetensorsFile& file = *open;
  auto text = file.metadata().find(kMembers);
  if (text == file.metadata().end()) return {};
  int count = 0;
  const std::string& number = text->second;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc() || end != number.data() + number.size() || count < 2 || count > kMostMembers)
    throw base::file_error(file.path(),
                           fmt::format("metadata {}: is not a number from 2 to {}", kMembers, kMostMembers));
  bool held =
      static_cast<std::size_t>(count) * static_cast<std::size_t>(nn::parameter_count(infos)) <= kMostParametersHeld;
  std::vector<Member> members;
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(count); ++i) {
    std::vector<float> parameters = read_parameters(file, infos, member_prefix(i));
    members.push_back(held ? member_in_memory(graph, std::move(parameters)) : member_at(open, member_prefix(i)));
  }
  return members;
}

whiten::Zca read_named_whitening(const weights::SafetensorsFile& model, const std::string& hash) {
  std::filesystem::path path = model.path().parent_path() / kWhiteningFile;
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown))
    throw base::file_error(model.path(), fmt::format("is a checkpoint that needs {} of its run in the same folder; "
                                                     "`agewise export RUN -o model.safetensors` makes one file of both",
                                                     kWhiteningFile));
  if (base::content_hash(base::MappedFile::read_only(path).bytes()) != hash) {
    throw base::file_error(
        path, fmt::format("is not the whitening transform that {} was trained with", model.path().string()));
  }
  return whiten::read_zca(path);
}

std::optional<whiten::Zca> read_whitening(const weights::SafetensorsFile& file, const Model& model) {
  if (model.recipe.whiten.method == recipe::Whitening::none) return std::nullopt;
  auto hash = file.metadata().find(kWhiteningHash);
  whiten::Zca zca = hash == file.metadata().end() ? whiten::read_zca(file) : read_named_whitening(file, hash->second);
  std::int64_t pixels = model.graph.layers[model.graph.inputs.front()].shape.size();
  if (zca.dimensions != pixels) {
    throw base::file_error(
        file.path(), fmt::format("the whitening is for {} pixels, but the network takes {}", zca.dimensions, pixels));
  }
  return zca;
}

void check_nothing_else(const weights::SafetensorsFile& file, const Model& model,
                        const std::vector<nn::ParameterInfo>& infos) {
  std::vector<std::string> known;
  for (const nn::ParameterInfo& info : infos) {
    known.push_back(info.name);
    for (std::size_t i = 0; i < model.further_members.size(); ++i) known.push_back(member_prefix(i) + info.name);
  }
  if (model.whitening) {
    for (const weights::TensorView& tensor : whiten::zca_tensors(*model.whitening)) known.push_back(tensor.name);
  }
  for (const weights::StoredTensor& tensor : file.tensors()) {
    if (!is_attached(tensor.name) && std::find(known.begin(), known.end(), tensor.name) == known.end()) {
      throw base::file_error(
          file.path(), fmt::format("array {}: the network has no such parameter", weights::name_text(tensor.name)));
    }
  }
}

}  // namespace

std::size_t forget_what_was_measured(Model& model) {
  model.intervals.reset();
  return model.notes.erase("intervals") + model.notes.erase("measured");
}

bool names_classes(const Model& model) { return model.recipe.classes.years == 0; }

nn::Graph graph_of(const recipe::Recipe& recipe, const age::Classes& classes) {
  int channels = recipe.face.colour == recipe::Colour::grey ? 1 : 3;
  if (!recipe.network.mean.empty() && recipe.network.mean.size() != static_cast<std::size_t>(channels)) {
    throw base::UsageError(fmt::format("network.mean must have one number per channel: {}", channels));
  }
  int outputs = nn::outputs_for(recipe.train, classes);
  nn::Graph graph = nn::build_graph(recipe.network, channels, recipe::input_side(recipe), outputs);
  if (graph.outputs.size() != 1)
    throw base::UsageError("[network] must have exactly one output: one layer that no other layer reads");
  const nn::Layer& last = graph.layers[graph.outputs.front()];
  if (last.shape != nn::Shape{outputs, 1, 1}) {
    throw base::UsageError(fmt::format("layer {}: outputs {} × {} × {} numbers, but the loss needs {}", last.name,
                                       last.shape.channels, last.shape.height, last.shape.width, outputs));
  }
  if (recipe.train.gender_weight > 0 && std::holds_alternative<nn::layer::Softmax>(last.kind)) {
    throw base::UsageError(
        fmt::format("layer {}: a softmax would mix ages and gender in one distribution; train.gender_weight needs a "
                    "network that does not end in one",
                    last.name));
  }
  for (const std::string& pattern : recipe.train.frozen) nn::freeze(graph, pattern);
  return graph;
}

nn::Graph graph_of_members(const Model& model) {
  nn::Graph all = model.graph;
  for (std::size_t other = 0; other < model.further_members.size(); ++other) {
    std::vector<int> place;  // in `all` of each layer of the member
    for (int i = 0; i < static_cast<int>(model.graph.layers.size()); ++i) {
      nn::Layer layer = model.graph.layers[static_cast<std::size_t>(i)];
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

void round_to_half(const nn::ParameterInfo& info, std::span<float> values) {
  if (is_weight(info)) std::transform(values.begin(), values.end(), values.begin(), weights::rounded_to_half);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
    throw base::Error(fmt::format("{}: holds weights too large for half precision", info.name));
}

// Calls `each(info, values)` for every parameter. Throws std::invalid_argument if these are not the graph's.
template <class Number, class Each>
void for_each_parameter(const nn::Graph& graph, std::span<Number> parameters, Each each) {
  for (const nn::ParameterInfo& info : nn::parameters_of(graph)) {
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
                     [](const nn::ParameterInfo& info, std::span<float> values) { round_to_half(info, values); });
  for (Member& other : model.further_members) {
    for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) {  // whether they can be
      std::vector<float> values(static_cast<std::size_t>(info.size()));
      other(info, values);
      round_to_half(info, values);
    }
    other = [exact = std::move(other)](const nn::ParameterInfo& info, std::span<float> values) {
      exact(info, values);
      round_to_half(info, values);
    };
  }
  model.half = true;
}

std::vector<weights::TensorView> parameter_tensors(const Model& model) {
  std::vector<weights::TensorView> tensors;
  for_each_parameter(model.graph, std::span(model.parameters),
                     [&](const nn::ParameterInfo& info, std::span<const float> values) {
                       tensors.push_back({info.name, info.shape, values, model.half && is_weight(info)});
                     });
  for (std::size_t i = 0; i < model.further_members.size(); ++i) {
    for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) {
      auto load = [&other = model.further_members[i], info] {
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
                                           {"recipe", recipe::to_toml(model.recipe)},
                                           {"classes", base::json_text(classes)},
                                           {"notes", base::json_text(json(model.notes))}};
  std::vector<weights::TensorView> tensors = parameter_tensors(model);
  if (!model.further_members.empty()) texts[kMembers] = std::to_string(member_count(model));
  if (model.whitening) {
    texts[whiten::kWhiteningText] = whiten::zca_text(*model.whitening);
    for (weights::TensorView& tensor : whiten::zca_tensors(*model.whitening)) tensors.push_back(std::move(tensor));
  } else if (!model.whitening_hash.empty()) {
    texts[kWhiteningHash] = model.whitening_hash;
  }
  if (model.intervals) texts["intervals"] = base::json_text(json(to_json(*model.intervals)));
  texts.insert(attachment.texts.begin(), attachment.texts.end());
  tensors.insert(tensors.end(), attachment.tensors.begin(), attachment.tensors.end());
  weights::write_safetensors(file, texts, tensors);
}

bool is_of_agewise(const weights::SafetensorsFile& file) { return file.metadata().contains(kVersionText); }

Member member_in_memory(const nn::Graph& graph, std::vector<float> parameters) {
  std::map<std::string, std::span<const float>> arrays;
  auto kept = std::make_shared<const std::vector<float>>(std::move(parameters));
  for_each_parameter(graph, std::span(*kept),
                     [&](const nn::ParameterInfo& info, std::span<const float> values) { arrays[info.name] = values; });
  return [kept, arrays = std::move(arrays)](const nn::ParameterInfo& info, std::span<float> values) {
    auto found = arrays.find(info.name);
    if (found == arrays.end() || found->second.size() != values.size())
      throw std::invalid_argument(info.name + ": is no parameter of this member, or of another size");
    std::ranges::copy(found->second, values.begin());
  };
}

Member member_in_file(const std::filesystem::path& file) {
  return member_at(std::make_shared<const weights::SafetensorsFile>(file), "");
}

std::vector<float> parameters_of_member(const nn::Graph& graph, const Member& member) {
  std::vector<float> parameters(static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(graph))));
  for_each_parameter(graph, std::span(parameters), member);
  return parameters;
}

Model read_model(const std::filesystem::path& path) {
  bool foreign = !weights::is_safetensors(path) &&
                 (weights::is_onnx(path) || weights::is_caffemodel(path) || weights::is_pth(path));
  if (foreign) {
    throw base::file_error(
        path, fmt::format(
                  "holds weights of another program: import them first, as in agewise import {} -o model.safetensors{}",
                  path.string(), weights::is_onnx(path) ? "" : " --architecture network.toml"));
  }
  auto open = std::make_shared<const weights::SafetensorsFile>(path);
  const weights::SafetensorsFile& file = *open;
  check_version(file);
  Model model;
  try {
    model.recipe = recipe::parse_recipe(text_of(file, "recipe"), "metadata recipe");
    model.classes = read_classes(file, model.recipe.classes);
    model.graph = graph_of(model.recipe, model.classes);
  } catch (const base::UsageError& error) {  // of whoever wrote the file, not of the user
    throw base::file_error(path, error.what());
  } catch (const std::invalid_argument& error) {
    throw base::file_error(path, fmt::format("metadata recipe: {}", error.what()));
  }
  std::vector<nn::ParameterInfo> infos = nn::parameters_of(model.graph);
  model.parameters = read_parameters(file, infos);
  model.half = std::ranges::any_of(
      file.tensors(), [](const weights::StoredTensor& tensor) { return tensor.type == weights::StoredType::f16; });
  model.further_members = read_further_members(open, model.graph, infos);
  model.whitening = read_whitening(file, model);
  model.notes = read_notes(file);
  model.intervals = read_intervals(file);
  check_nothing_else(file, model, infos);
  return model;
}

}  // namespace agewise::estimate
