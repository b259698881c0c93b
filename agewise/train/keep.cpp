#include "agewise/train/keep.h"

#include <string>
#include <vector>

#include "agewise/base/files.h"

namespace agewise::train {
namespace {

namespace fs = std::filesystem;

fs::path mark_of(const RunFolder& run) { return run.path / "kept.json"; }

void mark(const RunFolder& run) { base::write_file(mark_of(run), std::string_view("{\"kept\": \"model\"}\n")); }

bool is_of_features(const std::string& name) { return name.starts_with("features-") && name.ends_with(".f32"); }

// The mark first: of a run that is killed in between, nothing is taken for a beginning.
void keep_model_of_one(const RunFolder& run) {
  if (!fs::exists(run.best())) return;
  mark(run);
  std::vector<fs::path> needless{run.last(), run.faces(), run.soft_targets()};
  for (const fs::directory_entry& entry : fs::directory_iterator(run.path)) {
    if (entry.is_regular_file() && is_of_features(entry.path().filename().string())) needless.push_back(entry.path());
  }
  for (const fs::path& file : needless) fs::remove(file);
}

}  // namespace

void keep_model_only(const RunFolder& run) {
  std::vector<RunFolder> members;
  for (const fs::directory_entry& entry : fs::directory_iterator(run.path)) {
    if (entry.is_directory() && is_run(entry.path())) members.push_back({entry.path()});
  }
  for (const RunFolder& member : members) keep_model_of_one(member);
  if (fs::exists(run.best())) return keep_model_of_one(run);
  if (!members.empty()) mark(run);
}

bool has_model_only(const RunFolder& run) { return fs::exists(mark_of(run)); }

}  // namespace agewise::train
