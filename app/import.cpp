// agewise import FILE -o MODEL: weights of another program as a model.
#include "agewise/estimate/import.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/face/spec.h"
#include "agewise/store/store.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/outputs.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string file, architecture, output_file, statistics;
  double scale = 1;
  bool bgr = false, rgb = false, json = false, force = false;
  estimate::ImportOptions options;
};

constexpr std::size_t kMostFaces = 2048;  // statistics of a channel are settled long before

// Of the training part, evenly spread.
std::vector<image::Image> training_faces(const estimate::Model& model, const store::Store& store) {
  face::Fit fit = face::fits(face::spec_of(model.recipe), face::spec_of(store.metadata().recipe), face::Use::normalise);
  if (!fit) {
    throw base::UsageError(
        fmt::format("{}: its faces are not like those that the network takes: {}; prepare a store with {}",
                    store.file().string(), face::text_of(fit.differences), face::settings_for(fit.differences)));
  }
  std::vector<std::int64_t> rows;
  for (const store::FaceRecord& face : store.faces()) {
    if (face.split == catalog::Split::train) rows.push_back(face.row);
  }
  std::vector<image::Image> faces;
  std::size_t count = std::min(rows.size(), kMostFaces);
  for (std::size_t i = 0; i < count; ++i) faces.push_back(store.picture(rows[i * rows.size() / count]));
  return faces;
}

void normalise(estimate::Imported& imported, const Arguments& arguments, const Context& context) {
  std::vector<image::Image> faces = training_faces(imported.model, store::Store(arguments.statistics));
  imported.model = estimate::with_batch_norm(imported.model, *engine_for(context), faces);
  imported.model.notes["normalisation"] = fmt::format("statistics of {} pictures of {}", faces.size(),
                                                      std::filesystem::path(arguments.statistics).filename().string());
}

void show(const estimate::Imported& imported, const Arguments& arguments) {
  const estimate::Model& model = imported.model;
  if (arguments.json) {
    print_json({{"model", arguments.output_file},
                {"recognised", imported.recognised},
                {"parameters", model.parameters.size()},
                {"classes", model.classes.count()},
                {"notices", imported.notices}});
    return;
  }
  print(fmt::format("{}: {}, {} parameters; see `agewise info`\n", arguments.output_file,
                    imported.recognised.empty() ? model.recipe.description : imported.recognised,
                    with_thousands(model.parameters.size())));
  for (const std::string& notice : imported.notices) print(notice + "\n");
}

void run(Arguments& arguments, const CLI::App& command, const Context& context) {
  check_output(arguments.output_file, OutputKind::safetensors, arguments.force, {arguments.file, arguments.statistics});
  estimate::ImportOptions& options = arguments.options;
  if (!arguments.architecture.empty()) options.architecture = recipe::load_recipe(arguments.architecture, warn);
  if (command.count("--scale") > 0) options.scale = arguments.scale;
  if (arguments.bgr || arguments.rgb) options.bgr = arguments.bgr;
  options.fold_scales = arguments.statistics.empty();
  estimate::Imported imported = estimate::import_model(arguments.file, options);
  if (!arguments.statistics.empty()) normalise(imported, arguments, context);
  imported.model.notes["imported from"] =
      fmt::format("{}, XXH3-128 {}", std::filesystem::path(arguments.file).filename().string(),
                  base::content_hash(base::MappedFile::read_only(arguments.file).bytes()));
  estimate::write_model(arguments.output_file, imported.model);
  show(imported, arguments);
}

}  // namespace

void add_import(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand("import", "Convert another program's weights into an agewise model");
  auto arguments = std::make_shared<Arguments>();
  estimate::ImportOptions& options = arguments->options;
  command->add_option("FILE", arguments->file, "File with weights: ONNX, caffemodel, PyTorch .pth or safetensors")
      ->required();
  command->add_option("-o,--model", arguments->output_file, "Model file to write")->required();
  command->add_option("--architecture", arguments->architecture,
                      "Recipe whose network the weights belong to; not needed for ONNX, which describes its own");
  command->add_option("--mean", options.mean, "Subtract this from the pixels (0 to 255): one number per channel")
      ->delimiter(',');
  command->add_option("--scale", arguments->scale, "Multiply the pixels by this after subtracting --mean");
  CLI::Option* bgr = command->add_flag("--bgr", arguments->bgr, "The network expects the channels as blue, green, red");
  command->add_flag("--rgb", arguments->rgb, "The network expects the channels as red, green, blue")->excludes(bgr);
  command->add_option("--size", options.size, "Input height and width in pixels, if the network does not fix them")
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("--classes", options.classes,
                   "Number of age classes, one per year; default: as many as the network outputs")
      ->check(CLI::Range(1, 1000));
  command->add_option("--output", options.output, "Name of the age output, if an ONNX network has several outputs");
  command->add_option("--statistics", arguments->statistics,
                      "Face store: its statistics turn the scales after convolutions back into batch normalisation, so "
                      "that the network can be trained further");
  add_force_option(*command, arguments->force);
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, command, &context] { run(*arguments, *command, context); });
}

}  // namespace agewise::app
