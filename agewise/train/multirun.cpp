#include "agewise/train/multirun.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/json.h"
#include "agewise/base/random.h"
#include "agewise/base/sealed.h"
#include "agewise/catalog/persons.h"
#include "agewise/recipe/determines.h"
#include "agewise/train/keep.h"
#include "agewise/train/start.h"

namespace agewise::train {
namespace {

constexpr std::size_t kBlock = 10;  // persons of whom one validates
constexpr std::array<const char*, 3> kKinds{"folds", "each-person", "ensemble"};

// Training pictures that must not be divided, as indices into examples.faces.
std::vector<std::vector<std::uint32_t>> units_of(const Examples& examples) {
  std::vector<std::string_view> persons;
  for (std::uint32_t i : examples.train) persons.push_back(examples.faces[i].person);
  std::vector<std::vector<std::uint32_t>> units;
  for (const std::vector<std::size_t>& group : catalog::by_person(persons)) {
    std::vector<std::uint32_t>& unit = units.emplace_back();
    for (std::size_t i : group) unit.push_back(examples.train[i]);
  }
  return units;
}

MultirunPart part_without(std::string name, const Examples& examples, std::vector<std::uint32_t> validation) {
  std::sort(validation.begin(), validation.end());
  MultirunPart part{std::move(name), {}, std::move(validation)};
  std::set_difference(examples.train.begin(), examples.train.end(), part.validation.begin(), part.validation.end(),
                      std::back_inserter(part.train));
  return part;
}

std::string member_name(int member) { return fmt::format("member-{:02}", member); }

void append(std::vector<std::uint32_t>& to, const std::vector<std::uint32_t>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

std::vector<MultirunPart> folds_of(const Examples& examples, int folds, std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> units = units_of(examples);
  if (folds < 2 || static_cast<std::size_t>(folds) > units.size())
    throw base::UsageError(fmt::format(
        "{} folds (--folds) are not possible: give from 2 to {}, the number of persons in the training part", folds,
        units.size()));
  base::Random(seed, base::Purpose::split).shuffle(std::span(units));
  // The largest first, each to the fold that has fewest pictures: they differ by the smallest persons at most.
  std::stable_sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::vector<std::vector<std::uint32_t>> shares(static_cast<std::size_t>(folds));
  for (const auto& unit : units) {
    append(*std::min_element(shares.begin(), shares.end(),
                             [](const auto& a, const auto& b) { return a.size() < b.size(); }),
           unit);
  }
  std::vector<MultirunPart> parts;
  for (std::size_t i = 0; i < shares.size(); ++i)
    parts.push_back(part_without(fmt::format("fold-{:02}", i + 1), examples, std::move(shares[i])));
  return parts;
}

std::vector<MultirunPart> leaving_out_each_person(const Examples& examples) {
  std::vector<MultirunPart> parts;
  for (auto& unit : units_of(examples)) {
    if (examples.faces[unit.front()].person.empty()) continue;
    parts.push_back(part_without(fmt::format("person-{:04}", parts.size() + 1), examples, std::move(unit)));
  }
  if (parts.size() < 2)
    throw base::UsageError(
        "leave-one-person-out cross-validation (--leave-out person) needs labels that name at least two persons");
  return parts;
}

std::vector<MultirunPart> all_alike(const Examples& examples, int members) {
  std::vector<MultirunPart> parts;
  for (int member = 1; member <= members; ++member)
    parts.push_back({member_name(member), examples.train, examples.validation});
  return parts;
}

std::vector<MultirunPart> tenths_by_age(const Examples& examples, int members, std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> units = units_of(examples);
  if (units.size() < kBlock)
    throw base::UsageError(
        "an ensemble (--ensemble) needs at least ten persons in the training part, to validate each network on a tenth "
        "of them");
  auto age_of_unit = [&](const auto& unit) { return store::lowest_age(examples.faces[unit.front()]); };
  std::vector<MultirunPart> parts;
  for (int member = 1; member <= members; ++member) {
    base::Random random(seed, base::Purpose::split, static_cast<std::uint32_t>(member));
    random.shuffle(std::span(units));  // those of one age come in another order for each member
    std::stable_sort(units.begin(), units.end(),
                     [&](const auto& a, const auto& b) { return age_of_unit(a) < age_of_unit(b); });
    std::vector<std::uint32_t> validation;
    for (std::size_t begin = 0; begin < units.size(); begin += kBlock) {
      std::size_t drawn = begin + random.below(kBlock);  // of the last, shorter block perhaps nobody
      if (drawn < units.size()) append(validation, units[drawn]);
    }
    parts.push_back(part_without(member_name(member), examples, std::move(validation)));
  }
  return parts;
}

std::string describe(const MultirunShape& shape) {
  if (shape.kind == MultirunKind::each_person) return "a network for each person left out";
  if (shape.kind == MultirunKind::folds) return fmt::format("{} folds", shape.count);
  std::string ensemble = fmt::format("an ensemble of {} networks", shape.count);
  return shape.member == 0 ? ensemble : fmt::format("member {} of {}", shape.member, ensemble);
}

namespace {

bool is_possible(const MultirunShape& shape) {
  return shape.member >= 0 && shape.member <= shape.count && shape.count <= kMostNetworks &&
         (shape.member == 0 || shape.kind == MultirunKind::ensemble);
}

}  // namespace

std::string to_text(const std::optional<MultirunShape>& shape) {
  nlohmann::ordered_json json;
  if (shape) json = {{"kind", kKinds[static_cast<std::size_t>(shape->kind)]}, {"count", shape->count}};
  if (shape && shape->member > 0) json["member"] = shape->member;
  return base::json_text(json, 2);
}

std::optional<MultirunShape> shape_from_text(const std::string& text) {
  nlohmann::json json = base::parse_json(text);
  if (json.is_null()) return std::nullopt;
  auto kind = std::find(kKinds.begin(), kKinds.end(), json.at("kind").get<std::string>());
  MultirunShape shape{static_cast<MultirunKind>(kind - kKinds.begin()), json.at("count"), json.value("member", 0)};
  if (kind == kKinds.end() || !is_possible(shape)) throw base::Error("not a shape of several networks: " + text);
  return shape;
}

RunFolder create_multirun(const std::filesystem::path& path, const recipe::Recipe& recipe, const MultirunShape& shape) {
  if (!is_possible(shape))
    throw base::UsageError(fmt::format("{}: the members (--member) are 1 to {}", describe(shape), shape.count));
  return create_run(path, recipe, [&](const RunFolder& run) {
    base::write_file(run.multirun(), base::sealed_json(to_text(shape) + "\n"));
  });
}

std::optional<MultirunShape> shape_of(const RunFolder& run) {
  if (!std::filesystem::exists(run.multirun())) return std::nullopt;
  std::string text = base::read_sealed_file(run.multirun(), 1 << 16, "start a new run");
  try {
    if (std::optional<MultirunShape> shape = shape_from_text(text)) return shape;
  } catch (const std::exception&) {  // told below
  }
  throw base::file_error(run.multirun(), "is not a valid file of a run of several networks; start a new run");
}

namespace {

std::vector<MultirunPart> parts_of(const MultirunTask& multirun, const Examples& examples) {
  std::uint64_t seed = multirun.task.recipe.train.seed;
  if (multirun.shape.kind == MultirunKind::folds) return folds_of(examples, multirun.shape.count, seed);
  if (multirun.shape.kind == MultirunKind::each_person) return leaving_out_each_person(examples);
  if (multirun.task.recipe.train.monitor == recipe::Monitor::last) return all_alike(examples, multirun.shape.count);
  return tenths_by_age(examples, multirun.shape.count, seed);
}

EpochRecord best_record(const RunFolder& run, const TrainResult& result) {
  for (const EpochRecord& record : read_log(run.log())) {
    if (record.epoch == result.best_epoch) return record;
  }
  throw base::file_error(run.log(), fmt::format("has no epoch {}", result.best_epoch));
}

// Of an ensemble with as many members the one of this number; nothing: task.from as it is.
std::optional<estimate::Model> member_to_begin_with(const MultirunTask& multirun, std::size_t number) {
  const estimate::Model* from = multirun.task.from;
  if (number == 0 || from == nullptr || estimate::member_count(*from) != static_cast<std::size_t>(multirun.shape.count))
    return {};
  estimate::Model member;
  member.recipe = from->recipe;
  member.classes = from->classes;
  member.graph = from->graph;
  member.parameters = estimate::parameters_of_member(from->graph, from->further_members[number - 1]);
  return member;
}

recipe::Recipe recipe_of_part(const MultirunTask& multirun, std::size_t number) {
  recipe::Recipe recipe = multirun.task.recipe;
  recipe.train.seed += number;
  return recipe;
}

// The network of this number, in `run`.
TrainResult train_part(const MultirunTask& multirun, const RunFolder& run, const MultirunPart& part, std::size_t number,
                       const Examples& examples, nn::Engine& engine, const TrainHooks& hooks) {
  TrainTask task = multirun.task;
  task.run = run;
  task.recipe = recipe_of_part(multirun, number);
  Examples own = examples;
  own.train = part.train;
  own.validation = part.validation;
  if (part.validation != examples.validation) own.validation_name = part.name;
  task.examples = &own;
  std::optional<estimate::Model> from = member_to_begin_with(multirun, number);
  if (from) task.from = &*from;
  return train(task, engine, hooks);
}

MultirunResult train_in_own_folder(const MultirunTask& multirun, const MultirunPart& part, std::size_t number,
                                   const Examples& examples, nn::Engine& engine, const TrainHooks& hooks) {
  RunFolder run{multirun.task.run.path / part.name};
  recipe::Recipe recipe = recipe_of_part(multirun, number);
  if (!is_run(run.path)) create_run(run.path, recipe);
  base::FileLock lock = lock_run(run);
  change_recipe(run, recipe);
  TrainResult result = train_part(multirun, run, part, number, examples, engine, hooks);
  return {part.name, static_cast<std::int64_t>(part.validation.size()), result, best_record(run, result)};
}

Examples examples_for(const MultirunTask& multirun, const TrainHooks& hooks) {
  if (multirun.shape.kind == MultirunKind::ensemble && multirun.task.recipe.whiten.method != recipe::Whitening::none)
    throw base::UsageError(
        "an ensemble cannot be trained on whitened pictures, because each member would need its own transform; add "
        "--set whiten.method=none");
  Examples examples = examples_of(multirun.task.stores);
  if (std::string remark = left_out(examples); !remark.empty() && hooks.notice) hooks.notice(remark);
  return examples;
}

// Of the members' runs, in their order. Class values are those of a member's own training pictures: the ensemble has
// their mean.
estimate::Model joined(const std::vector<RunFolder>& members) {
  estimate::Model ensemble = estimate::read_model(members.front().best());
  auto validated = ensemble.notes.find("validated on");
  if (validated != ensemble.notes.end() && validated->second == member_name(1))  // on its own share
    validated->second = "a tenth of the training part, each member on its own";
  for (const RunFolder& run : std::span(members).subspan(1)) {
    estimate::Model member = estimate::read_model(run.best());
    for (std::size_t c = 0; c < member.classes.values.size(); ++c)
      ensemble.classes.values[c] += member.classes.values[c];
    ensemble.further_members.push_back(estimate::member_in_file(run.best()));
  }
  for (double& value : ensemble.classes.values) value /= static_cast<double>(members.size());
  ensemble.notes["members"] = std::to_string(members.size());
  return ensemble;
}

}  // namespace

std::vector<MultirunResult> train_multirun(const MultirunTask& multirun, nn::Engine& engine, const TrainHooks& hooks,
                                           const std::function<void(const std::string&)>& begins) {
  const TrainTask& task = multirun.task;
  Examples examples = examples_for(multirun, hooks);
  std::vector<MultirunPart> parts = parts_of(multirun, examples);
  settle_metadata(task.run, task.stores, task.from, engine.name(), {}, hooks.notice);
  std::vector<MultirunResult> results;
  for (const MultirunPart& part : parts) {
    if (begins) begins(fmt::format("{}, {} of {}", part.name, results.size() + 1, parts.size()));
    try {
      results.push_back(train_in_own_folder(multirun, part, results.size(), examples, engine, hooks));
    } catch (const base::Interrupted&) {
      throw base::Interrupted(
          fmt::format("stopped in {}; resume with `agewise train {} --resume`", part.name, task.run.path.string()));
    }
  }
  if (multirun.shape.kind == MultirunKind::ensemble) {
    std::vector<RunFolder> members;
    for (const MultirunPart& part : parts) members.push_back({task.run.path / part.name});
    estimate::write_model(task.run.best(), joined(members));
  }
  return results;
}

TrainResult train_member(const MultirunTask& multirun, nn::Engine& engine, const TrainHooks& hooks) {
  Examples examples = examples_for(multirun, hooks);
  auto number = static_cast<std::size_t>(multirun.shape.member - 1);
  return train_part(multirun, multirun.task.run, parts_of(multirun, examples).at(number), number, examples, engine,
                    hooks);
}

namespace {

MultirunShape shape_of_member(const RunFolder& run) {
  std::optional<MultirunShape> shape = is_run(run.path) ? shape_of(run) : std::nullopt;
  if (!shape || shape->member == 0)
    throw base::UsageError(run.path.string() +
                           ": is not the run of a member (agewise train RUN --ensemble N --member K)");
  return *shape;
}

void check_finished(const RunFolder& run) {
  if (has_model_only(run)) return;
  std::vector<EpochRecord> epochs = read_log(run.log());
  if (!epochs.empty() && is_at_end(recipe_of(run).train, epochs.back().epoch, best_epoch(epochs))) return;
  throw base::UsageError(run.path.string() + ": is not finished; rerun the command that started it to resume it");
}

std::string difference_of(const recipe::Recipe& found, const recipe::Recipe& wanted) {
  std::string difference = recipe::first_difference(recipe::Outcome::training, found, wanted);
  if (difference.empty() && found.train.epochs != wanted.train.epochs)
    difference = fmt::format("train.epochs = {}, not {}", found.train.epochs, wanted.train.epochs);
  if (difference.empty() && found.train.patience != wanted.train.patience)
    difference = fmt::format("train.patience = {}, not {}", found.train.patience, wanted.train.patience);
  return difference;
}

// Members of one ensemble: of the same shape, recipe, store and weights to start from.
void check_alike(const RunFolder& run, const RunFolder& first) {
  auto refuse = [&](const std::string& what) {
    throw base::UsageError(fmt::format("{} and {} {}", run.path.string(), first.path.string(), what));
  };
  MultirunShape shape = shape_of_member(run), wanted = shape_of_member(first);
  if (shape.count != wanted.count)
    refuse(fmt::format("are members of different ensembles: one of {} networks, one of {}", shape.count, wanted.count));
  if (std::string difference = difference_of(recipe_of(run), recipe_of(first)); !difference.empty())
    refuse("have different recipes: the first has " + difference);
  RunMetadata metadata = read_metadata(run), wanted_metadata = read_metadata(first);
  if (!std::ranges::equal(metadata.stores, wanted_metadata.stores, {}, &StoreOfRun::content, &StoreOfRun::content))
    refuse("were trained on different stores, or by different versions of agewise; train all members on one");
  if (metadata.from != wanted_metadata.from)
    refuse("started from different weights (--from); train all members from the same");
}

}  // namespace

estimate::Model merge_members(const std::vector<std::filesystem::path>& runs) {
  RunFolder first{runs.at(0)};
  std::vector<RunFolder> members(static_cast<std::size_t>(shape_of_member(first).count));
  for (const std::filesystem::path& path : runs) {
    RunFolder run{path};
    int number = shape_of_member(run).member;
    check_finished(run);
    check_alike(run, first);
    RunFolder& member = members.at(static_cast<std::size_t>(number - 1));
    if (!member.path.empty())
      throw base::UsageError(fmt::format("{} and {} are both member {}", member.path.string(), path.string(), number));
    member = run;
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].path.empty()) continue;
    throw base::UsageError(
        fmt::format("member {0} of {1} is missing; train it with --ensemble {1} --member {0}", i + 1, members.size()));
  }
  return joined(members);
}

}  // namespace agewise::train
