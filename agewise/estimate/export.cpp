#include "agewise/estimate/export.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/face/spec.h"
#include "agewise/nn/loss.h"
#include "agewise/weights/onnx_writer.h"

namespace agewise::estimate {
namespace {

bool ends_in_softmax(const nn::Graph& graph) {
  return std::holds_alternative<nn::layer::Softmax>(graph.layers[graph.outputs.front()].kind);
}

std::vector<float> parameters_of_members(const Model& model) {
  std::vector<float> all;
  all.reserve(model.parameters.size() * member_count(model));
  all.insert(all.end(), model.parameters.begin(), model.parameters.end());
  for (const Member& other : model.further_members) {
    std::vector<float> its = parameters_of_member(model.graph, other);
    all.insert(all.end(), its.begin(), its.end());
  }
  return all;
}

// Pixels from 0 to 255 in; probabilities of the classes, or years, out.
void export_onnx(const std::filesystem::path& file, const Model& model) {
  if (model.whitening) {
    throw base::UsageError(
        "an ONNX file cannot hold this model's whitening: write a .safetensors file instead, or train a model with "
        "--set whiten.method=none");
  }
  if (model.recipe.train.gender_weight > 0)
    throw base::UsageError(
        "this model has a gender head, which cannot be written to an ONNX file: write a .safetensors file instead");
  const recipe::Recipe& recipe = model.recipe;
  face::View seen = face::view_of(recipe);
  bool regression = recipe.train.loss == recipe::Loss::regression;
  weights::OnnxFrame frame{recipe.network.mean, recipe.network.scale};
  frame.softmax = !regression && !ends_in_softmax(model.graph);
  frame.factor = regression ? nn::kRegressionUnit : 1;
  frame.output = regression ? "age" : "probabilities";
  frame.notes = {{"channels", recipe.face.colour == recipe::Colour::grey ? "grey"
                              : recipe.network.bgr                       ? "BGR"
                                                                         : "RGB"},
                 {"pixels", "0 to 255"},
                 {"class_years", base::json_text(nlohmann::json(model.classes.values))},
                 {"class_edges", base::json_text(nlohmann::json(model.classes.edges))},
                 {"class_names", base::json_text(nlohmann::json(model.classes.names))},
                 {"members", std::to_string(member_count(model))},
                 {"flip", recipe.predict.flip ? "true" : "false"},
                 {"point_estimate", name_of(recipe.predict.point_estimate)},
                 {"face_size", std::to_string(recipe.face.size)},
                 {"face_seen", fmt::format("[{0}, {0}, {1}, {1}]", seen.edge, seen.edge + seen.side)},
                 {"face_margin", fmt::format("{}", recipe.face.margin)}};
  frame.notes.insert(model.notes.begin(), model.notes.end());  // its licence among them
  weights::write_onnx(file, graph_of_members(model), parameters_of_members(model), frame);
}

}  // namespace

void check_export_name(const std::filesystem::path& file) {
  if (file.extension() != ".onnx" && file.extension() != ".safetensors")
    throw base::UsageError(file.string() + ": the name must end in .onnx or .safetensors, which selects the format");
}

void export_model(const std::filesystem::path& file, const Model& model) {
  check_export_name(file);
  file.extension() == ".onnx" ? export_onnx(file, model) : write_model(file, model, {{{"format", "pt"}}, {}});
}

}  // namespace agewise::estimate
