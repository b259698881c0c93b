// agewise prepare STORE --labels FILE --pictures DIR|TAR|-: a collection to a store.
#include "agewise/prepare/prepare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/catalog/label_options.h"
#include "app/commands.h"
#include "app/copies.h"
#include "app/options.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string store;
  std::vector<std::string> labels, pictures;
  RecipeOptions recipe{"seed", {}};
  LabelArguments label_options;
  std::size_t limit = 0;
  std::uint64_t sample = 0;
  bool sampled = false, balance = false, json = false;
};

void warn_of_split(const prepare::PreparePlan& plan) {
  if (!catalog::is_gross(plan.share_difference)) return;
  warn(
      fmt::format("the classes are shared out very differently in the training part and in the rest ({:.0f} % of it "
                  "would have to move): an ordered split of sorted labels does that; split.rule = \"random\" does not",
                  100 * plan.share_difference.found));
}

void warn_of_left_out(const std::vector<std::string>& left_out) {
  constexpr std::size_t kMost = 10;
  for (std::size_t i = 0; i < std::min(kMost, left_out.size()); ++i) warn(left_out[i] + "; it was left out");
  if (left_out.size() > kMost) warn(fmt::format("and {} more were left out", left_out.size() - kMost));
}

void print_expectation(const prepare::PreparePlan& plan, const std::string& store) {
  std::uint64_t bytes = store::expected_store_size(plan.metadata.recipe.face, plan.wanted.size(), plan.rejects.size());
  print(fmt::format("{} label rows, of which screening keeps {}; {} will take about {} MB\n",
                    with_thousands(plan.chosen.size()), with_thousands(plan.wanted.size()), store,
                    std::max<std::uint64_t>(1, bytes >> 20)));
}

nlohmann::ordered_json to_json(const prepare::PrepareResult& result) {
  nlohmann::ordered_json rejects = nlohmann::ordered_json::object();
  for (const auto& [reason, count] : result.rejects) rejects[std::string(catalog::describe(reason))] = count;
  return {{"faces", result.faces},
          {"whole_pictures", result.whole_pictures},
          {"rejects", rejects},
          {"pictures_not_asked_for", result.unasked},
          {"copies", app::to_json(result.copies)},
          {"labels_like", result.labels_like},
          {"pictures_like", result.pictures_like},
          {"ambiguous_like", result.ambiguous_like},
          {"left_out", result.left_out}};
}

std::string listed(const std::vector<std::string>& paths) {
  std::vector<std::string> quoted;
  for (const std::string& path : paths) quoted.push_back("\"" + path + "\"");
  return quoted.empty() ? "none" : fmt::format("{}", fmt::join(quoted, " "));
}

void print_result(const prepare::PrepareResult& result, const std::string& store) {
  if (result.was_complete) print(store + " was complete already, no picture was read: remove it to prepare it anew\n");
  if (result.went_on) print("resumed where an earlier run had stopped\n");
  if (result.unasked > 0)
    print(fmt::format("{} pictures or other files that no label row asked for\n", with_thousands(result.unasked)));
  std::vector<std::vector<std::string>> rows{{"rows", "what became of them"}};
  rows.push_back({with_thousands(static_cast<std::uint64_t>(result.faces)), "prepared"});
  if (result.whole_pictures > 0) {
    rows.push_back({with_thousands(static_cast<std::uint64_t>(result.whole_pictures)),
                    "of these whole pictures: no face was found in them"});
  }
  for (const auto& [reason, count] : result.rejects)
    rows.push_back({with_thousands(static_cast<std::uint64_t>(count)), std::string(catalog::describe(reason))});
  print(table(rows));
  if (!result.ambiguous_like.empty()) print(fmt::format("\nambiguous name, for example {}\n", result.ambiguous_like));
  if (result.copies.groups > 0) print("\n" + to_text(result.copies));
}

// What an unfinished store was told of its labels need not be told again.
catalog::LabelOptions remembered(const Arguments& arguments) {
  catalog::LabelOptions options = label_options(arguments.label_options);
  if (!std::filesystem::exists(arguments.store) || !store::is_store(arguments.store)) return options;
  return catalog::filled_up(options, catalog::label_options_in(store::Store(arguments.store).metadata().labels));
}

// Why hardly anything was prepared, as far as it can be told.
std::string likeliest_reason(const prepare::PreparePlan& plan, const prepare::PrepareResult& result,
                             const Arguments& arguments) {
  auto count = [&](catalog::Reason reason) {
    auto found = result.rejects.find(reason);
    return found == result.rejects.end() ? std::size_t{0} : static_cast<std::size_t>(found->second);
  };
  std::size_t wanted = plan.wanted.size(), missing = count(catalog::Reason::no_such_file);
  const std::string& pictures = arguments.pictures.front();
  if (wanted == 0) return "every label row was rejected: the table says why";
  if (2 * missing >= wanted)
    return fmt::format(
        "{} of {} label rows have no picture: {} may hold other pictures, or lie at another folder level than the "
        "labels' paths",
        with_thousands(missing), with_thousands(wanted), pictures);
  if (2 * count(catalog::Reason::ambiguous_name) >= wanted)
    return fmt::format(
        "most names are ambiguous ({}): give the one folder of {} that is meant, or labels that name the folders",
        result.ambiguous_like, pictures);
  return "most pictures were rejected: the table says why";
}

// Nothing prepared is a failure; under a tenth of what was wanted is likely to be a mistake.
void check_result(const prepare::PreparePlan& plan, const prepare::PrepareResult& result, const Arguments& arguments) {
  std::size_t wanted = plan.wanted.size();
  if (static_cast<std::size_t>(result.faces) * 10 >= std::max<std::size_t>(1, wanted)) return;
  std::string why = likeliest_reason(plan, result, arguments);
  if (!result.labels_like.empty())
    why += fmt::format("; labels: {}; pictures: {}", listed(result.labels_like), listed(result.pictures_like));
  std::string what =
      result.faces == 0 ? "no face was prepared"
                        : fmt::format("only {} of {} faces were prepared",
                                      with_thousands(static_cast<std::uint64_t>(result.faces)), with_thousands(wanted));
  std::string text = fmt::format("{}: {}; {}. Remove the store before preparing it anew", arguments.store, what, why);
  if (result.faces == 0) throw base::Error(text);
  warn(text);
}

// The first rows of labels sorted by age are all of one age.
void warn_of_limit(const prepare::PreparePlan& plan, const Arguments& arguments) {
  constexpr std::size_t kFew = 20;  // rows that may be in order by chance
  if (arguments.limit == 0 || arguments.sampled || plan.ages.size() < kFew || plan.chosen.size() == plan.rows.size())
    return;
  if (std::ranges::any_of(plan.ages, [](double age) { return std::isnan(age); })) return;  // ranges
  bool sorted = std::ranges::is_sorted(plan.ages) || std::ranges::is_sorted(plan.ages, std::greater<>());
  if (!sorted) return;
  warn(
      fmt::format("the labels are sorted by age: their first {} rows have ages from {:.0f} to {:.0f} only; --sample 1 "
                  "draws as many at random",
                  with_thousands(arguments.limit), std::ranges::min(plan.ages), std::ranges::max(plan.ages)));
}

void run(const Arguments& arguments, const Context& context) {
  prepare::PrepareOptions options;
  options.labels = {arguments.labels.begin(), arguments.labels.end()};
  options.label_options = remembered(arguments);
  options.recipe = load(arguments.recipe);
  options.balance = arguments.balance;
  if (arguments.limit > 0) options.limit = arguments.limit;
  if (arguments.sampled) options.sample_seed = arguments.sample;
  if (arguments.sampled && arguments.limit == 0)
    throw base::UsageError("--sample needs --limit, the number of rows to draw");
  prepare::PreparePlan plan = prepare::plan_preparation(options);
  if (!arguments.json) print_expectation(plan, arguments.store);
  for (const std::string& note : plan.notes) warn(note);
  warn_of_split(plan);
  warn_of_limit(plan, arguments);
  ProgressLine line;
  prepare::PrepareResult result = prepare::prepare(plan, {arguments.pictures.begin(), arguments.pictures.end()},
                                                   arguments.store, context.threads, context.stop, line.sink());
  line.clear();
  warn_of_left_out(result.left_out);
  if (!result.other_training.empty())
    warn(fmt::format("{} is complete and keeps the recipe it was made by, with {}: give `agewise train` the other one",
                     arguments.store, result.other_training));
  arguments.json ? print_json(to_json(result)) : print_result(result, arguments.store);
  check_result(plan, result, arguments);
}

}  // namespace

void add_prepare(CLI::App& program, const Context& context) {
  CLI::App* command =
      program.add_subcommand("prepare", "Cut the faces out of labelled pictures and write them to a face store");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("STORE", arguments->store, "Face store to write, a single file; an unfinished one is resumed")
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
  command->add_flag("--balance", arguments->balance, "Drop rows at random until every class has as few as the rarest");
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, command, &context] {
    arguments->sampled = command->count("--sample") > 0;
    run(*arguments, context);
  });
}

}  // namespace agewise::app
