// agewise merge OUT PART…: what several machines made apart, as one would have made it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agewise/prepare/shard.h"
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
  CLI::App* command =
      program.add_subcommand("merge", "Make one face store of the shards that several machines prepared");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("OUT", arguments->out, "Face store to write; must not exist")->required();
  command->add_option("SHARD", arguments->parts, "All stores of `agewise prepare --shard`, in any order")->required();
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, &context] { merge_shards(*arguments, context); });
}

}  // namespace agewise::app
