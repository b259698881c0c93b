#include "agewise/nn/cpu/plan/kernel_choice.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/json.h"
#include "agewise/base/sealed.h"

namespace agewise::nn {
namespace {

constexpr std::size_t kMaxBookBytes = 16 << 20;

}  // namespace

TuningCache read_tuning_cache(const std::filesystem::path& file) {
  try {
    return base::parse_json(base::read_sealed_file(file, kMaxBookBytes, "delete it: kernels are then timed again"))
        .get<TuningCache>();
  } catch (const nlohmann::json::exception&) {
    throw base::Error(file.string() + ": is not a tuning cache; delete it, and it is created again");
  }
}

void write_tuning_cache(const std::filesystem::path& file, const TuningCache& cache) {
  base::write_file(file, base::sealed_json(base::json_text(nlohmann::json(cache), 1) + "\n"));
}

namespace cpu {
namespace {

constexpr int kRuns = 5;           // at most, after a first one
constexpr double kEnough = 0.15;   // seconds
constexpr double kClearly = 0.97;  // of the default's time

double best_time(const base::Clock& clock, const Candidate& candidate) {
  std::function<void()> run = candidate.prepare();
  run();
  double best = std::numeric_limits<double>::infinity(), begin = clock();
  for (int i = 0; i < kRuns && (i < 2 || clock() - begin < kEnough); ++i) {
    double start = clock();
    run();
    best = std::min(best, clock() - start);
  }
  return best;
}

}  // namespace

std::size_t KernelChooser::choose(const std::string& key, const std::vector<Candidate>& candidates) const {
  if (cache == nullptr || candidates.size() < 2) return 0;
  std::string& known = (*cache)[machine + ": " + key];
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].name == known) return i;
  }
  std::size_t chosen = 0;
  double best = best_time(clock, candidates[0]) * candidates[0].counts * kClearly;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    double time = best_time(clock, candidates[i]) * candidates[i].counts;
    if (time >= best) continue;
    best = time;
    chosen = i;
  }
  known = candidates[chosen].name;
  return chosen;
}

}  // namespace cpu
}  // namespace agewise::nn
