// agewise export MODEL -o FILE.onnx|FILE.safetensors: a model as one file, for agewise or for other programs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <span>

#include "agewise/base/error.h"
#include "agewise/estimate/average.h"
#include "agewise/estimate/export.h"
#include "agewise/library/model.h"
#include "app/commands.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string model, file;
  std::vector<std::string> others, settings;
  std::optional<double> share;
  bool force = false;
};

void run(const Arguments& arguments) {
  if (arguments.share && arguments.others.empty()) throw base::UsageError("--share is for --average");
  std::filesystem::path file = arguments.file;
  estimate::check_export_name(file);
  bool onnx = file.extension() == ".onnx";
  std::filesystem::path model_file = library::model_file(arguments.model);
  std::vector<std::filesystem::path> read = {model_file};
  for (const std::string& other : arguments.others) read.push_back(library::model_file(other));
  check_output(file, onnx ? OutputKind::onnx : OutputKind::safetensors, arguments.force, read);
  estimate::Model model = estimate::read_model(model_file);
  if (!arguments.others.empty()) {
    double equal = 1 / static_cast<double>(read.size());
    estimate::average_weights(model, std::span(read).subspan(1), arguments.share.value_or(equal));
  }
  app::change_settings(model, arguments.settings,
                       onnx ? estimate::SettingsUse::estimates : estimate::SettingsUse::evaluation);
  estimate::export_model(file, model);
  print(fmt::format("{}: {} parameters\n", file.string(),
                    with_thousands(model.parameters.size() * estimate::member_count(model))));
}

}  // namespace

void add_export(CLI::App& program, const Context&) {
  CLI::App* command =
      program.add_subcommand("export", "Write a model as one portable file, or as ONNX for other programs");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, kModelHelp)->required();
  command
      ->add_option("-o,--file", arguments->file,
                   "File to write. FILE.safetensors: a complete agewise model; FILE.onnx: a network from pixels to "
                   "probabilities or years")
      ->required();
  command
      ->add_option("--average", arguments->others,
                   "Another model, named likewise: write the mean of both networks' weights; may be repeated. Only for "
                   "a network and what it was fine-tuned from, or networks fine-tuned from one (docs/training.md)")
      ->allow_extra_args(false);
  command->add_option("--share", arguments->share,
                      "With --average: MODEL's share of the mean, between 0 and 1; default: equal shares");
  add_settings_option(*command, arguments->settings);
  add_force_option(*command, arguments->force);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace agewise::app
