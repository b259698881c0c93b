// agewise export MODEL -o FILE.onnx|FILE.safetensors: a model as one file, for agewise or for other programs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/estimate/model.h"
#include "agewise/face/spec.h"
#include "agewise/nn/loss.h"
#include "agewise/train/run_folder.h"
#include "agewise/weights/onnx_writer.h"
#include "app/commands.h"
#include "app/outputs.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string model, file;
  bool force = false;
};

bool ends_in_softmax(const nn::Graph& graph) {
  return std::holds_alternative<nn::layer::Softmax>(graph.layers[graph.outputs.front()].kind);
}

std::vector<float> parameters_of_members(const estimate::Model& model) {
  std::vector<float> all;
  all.reserve(model.parameters.size() * (1 + model.further_members.size()));
  all.insert(all.end(), model.parameters.begin(), model.parameters.end());
  for (const estimate::Member& other : model.further_members) {
    std::vector<float> its = estimate::parameters_of_member(model.graph, other);
    all.insert(all.end(), its.begin(), its.end());
  }
  return all;
}

// Pixels from 0 to 255 in; probabilities of the classes, or years, out.
void export_onnx(const std::filesystem::path& file, const estimate::Model& model) {
  if (model.whitening) {
    throw base::UsageError(
        "an ONNX file cannot hold this model's whitening: write a .safetensors file instead, or train a model with "
        "--set whiten.method=none");
  }
  if (model.recipe.train.gender_weight > 0)
    throw base::UsageError(
        "this model has a gender head, which an ONNX file of ages has no place for: export safetensors");
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
                 {"class_years", nlohmann::json(model.classes.values).dump()},
                 {"class_edges", nlohmann::json(model.classes.edges).dump()},
                 {"class_names", nlohmann::json(model.classes.names).dump()},
                 {"members", std::to_string(1 + model.further_members.size())},
                 {"flip", recipe.predict.flip ? "true" : "false"},
                 {"point_estimate", name_of(recipe.predict.point_estimate)},
                 {"face_size", std::to_string(recipe.face.size)},
                 {"face_seen", fmt::format("[{0}, {0}, {1}, {1}]", seen.edge, seen.edge + seen.side)},
                 {"face_margin", fmt::format("{}", recipe.face.margin)}};
  frame.notes.insert(model.notes.begin(), model.notes.end());  // its licence among them
  weights::write_onnx(file, estimate::graph_of_members(model), parameters_of_members(model), frame);
}

void run(const Arguments& arguments) {
  std::filesystem::path file = arguments.file;
  bool onnx = file.extension() == ".onnx";
  if (!onnx && file.extension() != ".safetensors")
    throw base::UsageError(arguments.file + ": the name must end in .onnx or .safetensors, which says what is written");
  std::filesystem::path model_file = train::model_file_of(arguments.model);
  check_output(file, onnx ? OutputKind::onnx : OutputKind::safetensors, arguments.force, {model_file});
  estimate::Model model = estimate::read_model(model_file);
  onnx ? export_onnx(file, model) : estimate::write_model(file, model, {{{"format", "pt"}}, {}});
  print(fmt::format("{}: {} parameters\n", file.string(),
                    with_thousands(model.parameters.size() * (1 + model.further_members.size()))));
}

}  // namespace

void add_export(CLI::App& program, const Context&) {
  CLI::App* command =
      program.add_subcommand("export", "Write a model as one portable file, or as ONNX for other programs");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, "Model file, or run (its best checkpoint)")->required();
  command
      ->add_option("-o,--file", arguments->file,
                   "File to write. FILE.safetensors: a complete agewise model; FILE.onnx: a network from pixels to "
                   "probabilities or years")
      ->required();
  add_force_option(*command, arguments->force);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace agewise::app
