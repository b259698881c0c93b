// agewise merge OUT PART…: what several machines made apart, as one would have made it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/estimate/model.h"
#include "agewise/prepare/shard.h"
#include "agewise/train/multirun.h"
#include "app/commands.h"
#include "app/prepare_result.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string out;
  std::vector<std::string> parts;
  bool json = false;
};

void merge_members(const Arguments& arguments) {
  if (std::filesystem::exists(arguments.out))
    throw base::UsageError(arguments.out + ": already exists; give the name of a new model file");
  estimate::Model model = train::merge_members({arguments.parts.begin(), arguments.parts.end()});
  estimate::write_model(arguments.out, model);
  if (arguments.json) return print_json({{"model", arguments.out}, {"members", arguments.parts.size()}});
  print(fmt::format("{}: an ensemble of {} networks; see `agewise info`\n", arguments.out, arguments.parts.size()));
}

void merge_shards(const Arguments& arguments, const Context& context) {
  ProgressLine line;
  prepare::PrepareResult result =
      prepare::merge({arguments.parts.begin(), arguments.parts.end()}, arguments.out, context.stop, line.sink());
  line.clear();
  if (!result.other_training.empty())
    warn(
        fmt::format("{}: its recipe is that of the first shard, with {}: `agewise train` goes by it unless given "
                    "another",
                    arguments.out, result.other_training));
  arguments.json ? print_json(to_json(result)) : print_result(result, arguments.out);
}

}  // namespace

void add_merge(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "merge",
      "Make one face store of the shards, or one model of the members, that several machines prepared or trained");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("OUT", arguments->out, "Face store or model to write; must not exist")->required();
  command
      ->add_option("PART", arguments->parts,
                   "All stores of `agewise prepare --shard`, or all runs of `agewise train --member`, in any order")
      ->required();
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, &context] {
    bool runs =
        std::ranges::any_of(arguments->parts, [](const auto& part) { return std::filesystem::is_directory(part); });
    runs ? merge_members(*arguments) : merge_shards(*arguments, context);
  });
}

}  // namespace agewise::app
