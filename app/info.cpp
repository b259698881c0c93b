// agewise info PATH: what a label file, a store, a model or a run holds.
#include "app/info.h"

#include <CLI/CLI.hpp>

#include "agewise/store/store.h"
#include "agewise/train/run_folder.h"
#include "agewise/weights/safetensors.h"
#include "app/commands.h"

namespace agewise {
namespace {

void show(const InfoOptions& options) {
  if (is_store(options.path)) return info_store(options);
  if (is_safetensors(options.path) || is_run(options.path)) return info_model(options);
  info_labels(options);
}

}  // namespace

void add_info(CLI::App& program, const Context&) {
  CLI::App* command = program.add_subcommand("info", "What a label file, a store, a model or a run holds");
  auto options = std::make_shared<InfoOptions>();
  command->add_option("PATH", options->path, "A label file, a store, a model or a run")->required();
  add_recipe_options(*command, options->recipe);
  command->add_option("--list", options->list, "Labels: write the rows that are kept to this CSV file");
  command->add_option("--sheet", options->sheet, "Store: draw a contact sheet of its faces to this PNG file");
  command->add_flag("--json", options->json, "Print as JSON");
  command->callback([options] { show(*options); });
}

}  // namespace agewise
