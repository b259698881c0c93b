// A run is a folder: what `train` made of one recipe and one or more stores.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "agewise/base/files.h"
#include "agewise/recipe/recipe.h"

namespace agewise::train {

struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path recipe() const { return path / "recipe.toml"; }     // as resolved
  std::filesystem::path metadata() const { return path / "run.json"; }      // RunMetadata
  std::filesystem::path log() const { return path / "log.jsonl"; }          // a line an epoch (log.h)
  std::filesystem::path last() const { return path / "last.safetensors"; }  // checkpoints (checkpoint.h)
  std::filesystem::path best() const { return path / "best.safetensors"; }  // by recipe.train.monitor
  std::filesystem::path kernels() const { return path / "kernels.json"; }   // the choices of the engine, if it made any
  std::filesystem::path soft_targets() const { return named("soft-targets.f32"); }  // what a teacher says (teacher.h)
  std::filesystem::path whitening() const { return path / "whiten.safetensors"; }
  std::filesystem::path faces() const { return path / "faces.f32"; }         // whitened network inputs (inputs.h)
  std::filesystem::path lock() const { return path / "lock"; }               // held by whoever writes into the run
  std::filesystem::path multirun() const { return named("multirun.json"); }  // MultirunShape (multirun.h)

 private:
  // The file of that name; that of its old name (recipe/renamed.h) where the run has been begun with it.
  std::filesystem::path named(std::string_view name) const;
};

// What a run was trained on.
struct StoreOfRun {
  std::string file;     // absolute path
  std::string content;  // Store::content(), or what an earlier agewise called so
  friend bool operator==(const StoreOfRun&, const StoreOfRun&) = default;
};

// Where and on what a run was made. On another machine a run goes on, without the promise of equal bits.
struct RunMetadata {
  std::vector<StoreOfRun> stores;    // at least one, in their order
  std::string from;                  // content_hash() of the weights that it started with; empty: random ones
  std::string engine;                // Engine::name()
  std::vector<std::string> kernels;  // Executable::kernels() of the training network
  friend bool operator==(const RunMetadata&, const RunMetadata&) = default;
};

bool is_run(const std::filesystem::path& path);

// Makes the folder with the recipe in it, and with what `add` writes into the folder that it is given: all of it is
// there from the folder's first moment, or nothing is. Throws UsageError if something is there already.
RunFolder create_run(const std::filesystem::path& path, const recipe::Recipe& recipe,
                     const std::function<void(const RunFolder&)>& add = {});

// The right to write into a run. Readers need none: a file of a run is replaced as a whole. Throws UsageError that says
// which process holds it.
base::FileLock lock_run(const RunFolder& run);

// The recipe of a run. Throws UsageError if the folder holds none.
recipe::Recipe recipe_of(const RunFolder& run);

// The run's recipe replaced by `recipe`, so that it goes on for more epochs. Throws UsageError if they differ in what
// determines the training (recipe/determines.h): that is all but train.epochs, train.patience and what the store says.
void change_recipe(const RunFolder& run, const recipe::Recipe& recipe);

void write_metadata(const RunFolder& run, const RunMetadata& metadata);
RunMetadata read_metadata(const RunFolder& run);

// The best checkpoint of a run, or the last where there is no best yet; any other path as it is. Throws Error if the
// run has no checkpoint.
std::filesystem::path model_file_of(const std::filesystem::path& run_or_model);

}  // namespace agewise::train
