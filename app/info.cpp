// agewise info PATH: what a label file, a store, a model or a run holds.
#include "app/info.h"

#include <CLI/CLI.hpp>

#include "agewise/base/error.h"
#include "agewise/library/surroundings.h"
#include "agewise/store/store.h"
#include "agewise/train/run_folder.h"
#include "agewise/weights/safetensors.h"
#include "app/commands.h"
#include "app/outputs.h"

namespace agewise::app {
namespace {

void show(InfoOptions options) {
  options.path = library::named_model(options.path.string());
  bool store = store::is_store(options.path);
  bool model = !store && (weights::is_safetensors(options.path) || train::is_run(options.path));
  if (!options.sheet.empty() && !store)
    throw base::UsageError("--sheet draws the faces of a store; " + options.path.string() + " is not a store");
  if (!options.list.empty() && (store || model))
    throw base::UsageError("--list writes rows of a label file; " + options.path.string() + " is not a label file");
  if (!options.sheet.empty()) check_output(options.sheet, OutputKind::png, options.force, {options.path});
  if (!options.list.empty()) check_output(options.list, OutputKind::csv, options.force, {options.path});
  store ? info_store(options) : model ? info_model(options) : info_labels(options);
}

}  // namespace

void add_info(CLI::App& program, const Context&) {
  CLI::App* command = program.add_subcommand("info", "Show what a label file, a face store, a model or a run contains");
  auto options = std::make_shared<InfoOptions>();
  command
      ->add_option("PATH", options->path,
                   "Label file, face store, model file, run, or a bundled model: compact or permissive")
      ->required();
  add_recipe_options(*command, options->recipe);
  add_label_options(*command, options->labels);
  command->add_option("--list", options->list, "For labels: write the rows that screening keeps to this CSV file");
  command->add_option("--sheet", options->sheet, "For a store: draw a contact sheet of its faces to this PNG file");
  add_force_option(*command, options->force);
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->callback([options] { show(*options); });
}

}  // namespace agewise::app
