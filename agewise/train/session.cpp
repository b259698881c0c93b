#include "agewise/train/session.h"

#include <fmt/format.h>

#include <span>
#include <system_error>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/train/keep.h"
#include "agewise/train/start.h"
#include "agewise/train/teacher.h"
#include "agewise/train/together.h"

namespace agewise::train {
namespace {

constexpr const char* kFirstProcess = "the first process's recipe";  // what the others call it

std::optional<estimate::Model> model_of(const std::filesystem::path& run_or_model) {
  if (run_or_model.empty()) return std::nullopt;
  return estimate::read_model(model_file_of(run_or_model));
}

// A path may hold any character but this one.
constexpr char kBetweenFiles = '\0';

std::string files_of(const std::vector<store::Store>& stores) {
  std::string files;
  for (const store::Store& store : stores) files += std::filesystem::absolute(store.file()).string() + kBetweenFiles;
  return files;
}

std::vector<store::Store> opened(const std::string& files) {
  std::vector<store::Store> stores;
  for (std::size_t begin = 0; begin < files.size(); begin = files.find(kBetweenFiles, begin) + 1)
    stores.emplace_back(files.substr(begin, files.find(kBetweenFiles, begin) - begin));
  return stores;
}

// A run stays what it was begun as; `resume` need not repeat what that was.
void check_shape(const TrainRequest& request, const RunFolder& run) {
  std::optional<MultirunShape> is = shape_of(run);
  if (request.multirun == is || (!request.multirun && request.resume)) return;
  auto text = [](const auto& shape) { return shape ? describe(*shape) : "one network"; };
  throw base::UsageError(fmt::format("{}: was started as {}, not as {}; start a new run under another name",
                                     run.path.string(), text(is), text(request.multirun)));
}

RunFolder continued_or_begun(const TrainRequest& request, const recipe::Recipe& recipe) {
  if (continues(request)) return {request.run};
  return request.multirun ? create_multirun(request.run, recipe, *request.multirun) : create_run(request.run, recipe);
}

void check_run(const TrainRequest& request, const RunFolder& run) {
  if (has_model_only(run)) {
    throw base::UsageError(
        fmt::format("{0}: kept only its model when it finished (--keep model) and cannot be resumed; start a new run "
                    "from its weights (--from {0})",
                    run.path.string()));
  }
  check_shape(request, run);
}

void check_together(const TrainRequest& request, const recipe::Recipe& recipe, const base::Communicator& communicator) {
  if (communicator.size() == 1) return;
  if (has_several(shape_for(request)))
    throw base::UsageError(
        "several networks are trained one after the other: run them without mpirun or srun, or an ensemble's members "
        "each by itself (--member)");
  check_share(recipe.train, communicator);
}

}  // namespace

bool continues(const TrainRequest& request) { return request.resume || is_run(request.run); }

std::vector<store::Store> stores_for(const TrainRequest& request) {
  std::vector<std::filesystem::path> files = request.data;
  if (files.empty()) {
    if (!continues(request))
      throw base::UsageError("give the store to train on (--data STORE; `agewise prepare` makes one)");
    recipe_of({request.run});  // tells of a folder without a run
    for (const StoreOfRun& store : read_metadata({request.run}).stores) files.emplace_back(store.file);
  }
  std::vector<store::Store> stores;
  for (const std::filesystem::path& file : files) {
    stores.emplace_back(file);
    std::error_code absent;
    for (const store::Store& before : std::span(stores).first(stores.size() - 1)) {
      if (std::filesystem::equivalent(before.file(), file, absent))
        throw base::UsageError(file.string() + ": is named twice (--data)");
    }
  }
  return stores;
}

std::optional<MultirunShape> shape_for(const TrainRequest& request) {
  return request.multirun ? request.multirun : shape_of({request.run});
}

recipe::Recipe recipe_for(const TrainRequest& request, const store::Stores& stores) {
  recipe::Recipe recipe = !request.recipe.empty() ? recipe::load_recipe(request.recipe, request.notice)
                          : request.resume        ? recipe_of({request.run})
                                                  : stores.first().metadata().recipe;
  recipe::set_options(recipe, request.assignments, request.notice);
  return recipe_on_stores(recipe, stores);
}

Session::Session(const TrainRequest& request, base::Communicator& communicator)
    : communicator_(communicator),
      stores_(communicator.rank() == 0 ? stores_for(request) : opened(base::broadcast_text(communicator, ""))),
      recipe_(communicator.rank() == 0 ? recipe_for(request, stores())
                                       : recipe::parse_recipe(base::broadcast_text(communicator, ""), kFirstProcess)),
      from_(communicator.rank() == 0 ? model_of(request.from) : std::nullopt),
      run_{request.run},
      keep_model_only_(request.keep_model_only && communicator.rank() == 0) {
  if (communicator.rank() > 0) {
    multirun_ = shape_from_text(base::broadcast_text(communicator, ""));
    return;
  }
  if (from_) check_beginning(*from_, recipe_);
  teacher_ = model_of(request.teacher);
  check_teacher(teacher_ ? &*teacher_ : nullptr, recipe_, stores(), {request.run});
  check_together(request, recipe_, communicator);
  run_ = continued_or_begun(request, recipe_);
  recipe_of(run_);  // tells of a folder without a run
  lock_ = lock_run(run_);
  check_run(request, run_);
  change_recipe(run_, recipe_);
  multirun_ = shape_of(run_);
  base::broadcast_text(communicator, files_of(stores_));
  base::broadcast_text(communicator, recipe::to_toml(recipe_));
  base::broadcast_text(communicator, to_text(multirun_));
}

SessionResult Session::train(nn::Engine& engine, int threads, const TrainHooks& hooks,
                             const std::function<void(const std::string&)>& begins) {
  std::vector<float> soft_targets;
  if (communicator_.rank() == 0)
    soft_targets =
        soft_targets_by(std::exchange(teacher_, {}), recipe_, stores(), run_, engine, hooks.stop, hooks.progress);
  base::broadcast_floats(communicator_, soft_targets);
  TrainTask task{run_, recipe_, stores(), from_ ? &*from_ : nullptr, threads, nullptr, soft_targets, communicator_};
  SessionResult result;
  if (has_several()) {
    result.several = train_multirun({task, *multirun_}, engine, hooks, begins);
  } else if (multirun_) {
    result.one = train_member({task, *multirun_}, engine, hooks);
  } else {
    result.one = train::train(task, engine, hooks);
  }
  if (keep_model_only_) keep_model_only(run_);
  return result;
}

}  // namespace agewise::train
