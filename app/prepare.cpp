// agewise prepare STORE --labels FILE --pictures DIR|TAR|-: a collection to a store.
#include "agewise/prepare/prepare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/prepare/remarks.h"
#include "app/commands.h"
#include "app/options.h"
#include "app/prepare_result.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string store, shard;
  std::vector<std::string> labels, pictures;
  RecipeOptions recipe{"seed", {}};
  LabelArguments label_options;
  std::size_t limit = 0;
  std::uint64_t sample = 0;
  bool sampled = false, balance = false, json = false;
};

void print_expectation(const prepare::PreparePlan& plan, const std::string& store) {
  std::uint64_t bytes = store::expected_store_size(plan.metadata.recipe.face, plan.wanted.size(), plan.rejects.size());
  const std::optional<store::Shard>& shard = plan.metadata.shard;
  print(fmt::format("{}{} label rows, of which screening keeps {}; {} will take about {} MB\n",
                    shard ? text_of(*shard) + ": " : "", with_thousands(plan.chosen.size()),
                    with_thousands(plan.wanted.size()), store, std::max<std::uint64_t>(1, bytes >> 20)));
}

// "2/4"
prepare::Share share_of(const std::string& text) {
  std::optional<std::pair<int, int>> shard = store::parse_shard(text);
  if (!shard)
    throw base::UsageError(fmt::format("{} (--shard): is not of the form 2/4, the second of four shards", text));
  return {shard->first, shard->second, "agewise " AGEWISE_VERSION};
}

prepare::PrepareOptions options_of(const Arguments& arguments) {
  prepare::PrepareOptions options;
  options.labels = {arguments.labels.begin(), arguments.labels.end()};
  options.label_options = label_options(arguments.label_options);
  options.recipe = load(arguments.recipe);
  options.balance = arguments.balance;
  if (arguments.limit > 0) options.limit = arguments.limit;
  if (arguments.sampled) options.sample_seed = arguments.sample;
  if (!arguments.shard.empty()) options.share = share_of(arguments.shard);
  return options;
}

void run(const Arguments& arguments, const Context& context) {
  prepare::PrepareOptions options = options_of(arguments);
  prepare::Paths paths{arguments.store, {arguments.pictures.begin(), arguments.pictures.end()}};
  prepare::PreparePlan plan = prepare::plan_for(paths.store, options);
  if (!arguments.json) print_expectation(plan, arguments.store);
  for (const std::string& remark : prepare::remarks_before(plan, options)) warn(remark);
  ProgressLine line;
  prepare::PrepareResult result =
      prepare::prepare(plan, paths.pictures, paths.store, context.threads, context.stop, line.sink());
  line.clear();
  for (const std::string& remark : prepare::remarks_after(plan, result, paths)) warn(remark);
  arguments.json ? print_json(to_json(result)) : print_result(result, arguments.store);
  prepare::check_faces(plan, result, paths);
}

}  // namespace

void add_prepare(CLI::App& program, const Context& context) {
  CLI::App* command =
      program.add_subcommand("prepare", "Cut the faces out of labelled pictures and write them to a face store");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("STORE", arguments->store, "Face store to write, a single file; an incomplete one is resumed")
      ->required();
  command
      ->add_option(
          "--labels", arguments->labels,
          "Label file: a table, IMDB-WIKI's .mat, or pictures with ages in their names (docs/labels.md); may be "
          "repeated")
      ->required();
  command
      ->add_option("--pictures", arguments->pictures,
                   "Folder, zip or tar, also with archives inside; - reads an archive from standard input; may be "
                   "repeated")
      ->required();
  add_label_options(*command, arguments->label_options);
  add_recipe_options(*command, arguments->recipe);
  command->add_option("--limit", arguments->limit, "Use only the first N label rows, counted before screening")
      ->check(CLI::PositiveNumber);
  command->add_option("--sample", arguments->sample, "With --limit: draw the N rows at random with this seed");
  command->add_flag("--balance", arguments->balance, "Drop rows at random until every class has as many as the rarest");
  command
      ->add_option("--shard", arguments->shard,
                   "Prepare only the I-th of N shares of the label rows, for `agewise merge`: the same command on N "
                   "machines, each with another I (docs/cluster.md)")
      ->type_name("I/N");
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, command, &context] {
    arguments->sampled = command->count("--sample") > 0;
    run(*arguments, context);
  });
}

}  // namespace agewise::app
