#include "agewise/train/run_folder.h"

#include <nlohmann/json.hpp>
#include <span>
#include <system_error>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/json.h"
#include "agewise/base/sealed.h"
#include "agewise/base/text.h"
#include "agewise/recipe/determines.h"
#include "agewise/recipe/renamed.h"

namespace agewise::train {
namespace {

constexpr std::uint64_t kMaxTextFile = 16 << 20;  // bytes
constexpr const char* kWithoutMetadata = "delete it, then resume and name the store (--resume --data STORE)";

base::UsageError taken(const std::filesystem::path& path) {
  return base::UsageError(path.string() +
                          ": already holds a run; resume it (--resume), or start a new one under another name");
}

}  // namespace

std::filesystem::path RunFolder::named(std::string_view name) const {
  for (const recipe::Renamed& one : recipe::kRenamedRunFiles) {
    if (one.name == name && std::filesystem::exists(path / one.old_name)) return path / one.old_name;
  }
  return path / name;
}

bool is_run(const std::filesystem::path& path) { return std::filesystem::exists(RunFolder{path}.recipe()); }

RunFolder create_run(const std::filesystem::path& path, const recipe::Recipe& recipe,
                     const std::function<void(const RunFolder&)>& add) {
  RunFolder run{path};
  if (is_run(path)) throw taken(path);
  if (std::filesystem::exists(path) && !(std::filesystem::is_directory(path) && std::filesystem::is_empty(path))) {
    throw base::UsageError(path.string() + ": already exists and is not a run; give the name of a new folder");
  }
  // Made beside and renamed: a folder that is there has all of this in it, whenever the power went.
  RunFolder unfinished{std::filesystem::absolute(path / "").parent_path()};
  unfinished.path += ".unfinished";
  std::error_code problem;
  std::filesystem::create_directories(unfinished.path, problem);
  if (problem) throw base::system_error(path, "cannot create the folder", problem.value());
  base::FileLock lock = lock_run(unfinished);
  base::write_file(unfinished.recipe(), base::sealed_toml(recipe::to_toml(recipe)));
  if (add) add(unfinished);
  std::filesystem::rename(unfinished.path, path, problem);
  if (problem == std::errc::directory_not_empty) throw taken(path);  // made meanwhile by another process
  if (problem) throw base::system_error(path, "cannot create the folder", problem.value());
  return run;
}

base::FileLock lock_run(const RunFolder& run) {
  return base::FileLock(run.lock(), run.path.string() + ": another agewise is using this run");
}

recipe::Recipe recipe_of(const RunFolder& run) {
  if (!is_run(run.path))
    throw base::UsageError(run.path.string() + ": holds no run; to start one, train without resume (--resume)");
  return recipe::parse_recipe(
      base::read_sealed_file(run.recipe(), kMaxTextFile, "if you changed it yourself, delete its last line"),
      run.recipe().string());
}

void change_recipe(const RunFolder& run, const recipe::Recipe& recipe) {
  recipe::Recipe old = recipe_of(run);
  if (std::string difference = recipe::first_difference(recipe::Outcome::training, old, recipe); !difference.empty()) {
    throw base::UsageError(
        run.path.string() + ": was started with " + difference +
        "; of a run, only train.epochs and train.patience may change. Resume it with its own settings (agewise train " +
        run.path.string() + " --resume), or name another folder for a new run");
  }
  if (recipe::to_toml(old) != recipe::to_toml(recipe))
    base::write_file(run.recipe(), base::sealed_toml(recipe::to_toml(recipe)));
}

void write_metadata(const RunFolder& run, const RunMetadata& metadata) {
  // A path that is not UTF-8 can be shown here, not found again: to resume, --data names it.
  const StoreOfRun& first = metadata.stores.front();
  nlohmann::ordered_json json{{"store", base::as_utf8(first.file)},
                              {"store_content", first.content},
                              {"from", metadata.from},
                              {"engine", metadata.engine},
                              {"kernels", metadata.kernels}};
  for (const StoreOfRun& one : std::span(metadata.stores).subspan(1))
    json["further_stores"].push_back({{"store", base::as_utf8(one.file)}, {"store_content", one.content}});
  base::write_file(run.metadata(), base::sealed_json(base::json_text(json, 2) + "\n"));
}

RunMetadata read_metadata(const RunFolder& run) {
  try {
    nlohmann::json json = base::parse_json(base::read_sealed_file(run.metadata(), kMaxTextFile, kWithoutMetadata));
    auto store_in = [](const nlohmann::json& place) {
      return StoreOfRun{place.at("store"), place.at("store_content")};
    };
    RunMetadata metadata{{store_in(json)}, json.value("from", ""), json.at("engine"), json.at("kernels")};
    for (const nlohmann::json& one : json.value("further_stores", nlohmann::json::array()))
      metadata.stores.push_back(store_in(one));
    return metadata;
  } catch (const nlohmann::json::exception&) {
    throw base::file_error(run.metadata(), std::string("is not a valid file of a run; ") + kWithoutMetadata);
  }
}

std::filesystem::path model_file_of(const std::filesystem::path& run_or_model) {
  if (!std::filesystem::is_directory(run_or_model)) return run_or_model;
  RunFolder run{run_or_model};
  if (std::filesystem::exists(run.best())) return run.best();
  if (std::filesystem::exists(run.last())) return run.last();
  throw base::file_error(run_or_model, "holds no checkpoint: it is not a run, or has not finished its first epoch");
}

}  // namespace agewise::train
