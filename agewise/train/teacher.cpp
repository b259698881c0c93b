#include "agewise/train/teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/estimate/estimator.h"
#include "agewise/face/crop.h"
#include "agewise/face/spec.h"
#include "agewise/train/derived.h"
#include "agewise/train/examples.h"

namespace agewise::train {
namespace {

constexpr std::size_t kFacesAtOnce = 64;

std::vector<float> compute(estimate::Model teacher, const store::Stores& stores, const RunFolder& run,
                           nn::Engine& engine, const base::StopFlag& stop, const base::ProgressSink& progress) {
  std::vector<store::FaceRecord> faces = stores.faces();
  auto classes = static_cast<std::size_t>(teacher.classes.count());
  std::vector<float> soft_targets(faces.size() * classes);
  estimate::Estimator estimator(std::move(teacher), engine, static_cast<int>(kFacesAtOnce));
  std::vector<std::size_t> places;
  std::vector<image::Image> pictures;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    if (faces[i].split == catalog::Split::train) {
      places.push_back(i);
      pictures.push_back(face::prepared_face(estimator.model().recipe.face, stores.picture(faces[i])));
    }
    if (pictures.size() < kFacesAtOnce && i + 1 < faces.size()) continue;
    if (stop) {
      throw base::Interrupted(fmt::format(
          "stopped while computing the teacher's estimates; resume with the same store, start and teacher (`agewise "
          "train {} --resume` with the same --data, --from and --teacher), and they are computed from the beginning",
          run.path.string()));
    }
    std::vector<estimate::Estimate> estimates = estimator.estimate(pictures);
    for (std::size_t k = 0; k < places.size(); ++k) {
      if (!std::isfinite(estimates[k].age))
        throw base::Error("the teacher's estimate of " + faces[places[k]].file + " is not a number");
      std::ranges::copy(estimates[k].distribution, &soft_targets[places[k] * classes]);
    }
    places.clear();
    pictures.clear();
    if (progress) progress({"computing the teacher's estimates", i + 1, faces.size()});
  }
  return soft_targets;
}

DerivedFile soft_targets_file(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores) {
  std::uint64_t floats = stores.faces().size() * static_cast<std::uint64_t>(recipe::classes_of(recipe.classes).count());
  return {run.soft_targets(), key_of(recipe::Outcome::soft_targets, recipe, stores),
          [&stores] { return stores.first_content(); }, floats * sizeof(float)};
}

std::vector<float> read(const DerivedFile& file) {
  std::vector<float> soft_targets(*file.bytes / sizeof(float));
  std::vector<std::byte> bytes = base::read_file(file.path, *file.bytes);
  std::memcpy(soft_targets.data(), bytes.data(), bytes.size());
  return soft_targets;
}

}  // namespace

void check_teacher(const estimate::Model* teacher, const recipe::Recipe& recipe, const store::Stores& stores,
                   const RunFolder& run) {
  bool wanted = recipe.train.distillation_weight > 0, known = wanted && holds(soft_targets_file(run, recipe, stores));
  if (teacher == nullptr) {
    if (wanted && !known)
      throw base::UsageError("train.distillation_weight needs a teacher to learn from (--teacher MODEL)");
    return;
  }
  if (!wanted)
    throw base::UsageError("the recipe does not use a teacher (--teacher); add --set train.distillation_weight=0.5");
  if (known) return;  // the command that began the run resumes it
  if (teacher->recipe.train.loss == recipe::Loss::regression)
    throw base::UsageError(
        "the teacher (--teacher) cannot be a regression model, because that estimates no distribution over classes");
  if (teacher->classes.edges != trained_classes(recipe.classes, {}).edges)
    throw base::UsageError("the teacher (--teacher) has other age classes than the recipe");
  face::Fit fit = face::fits(face::spec_of(teacher->recipe), face::spec_of(recipe), face::Use::teach);
  if (!fit) {
    throw base::UsageError(fmt::format(
        "the store's faces are not like those that the teacher (--teacher) was trained on: {}; prepare a store with {}",
        face::text_of(fit.differences), face::settings_for(fit.differences)));
  }
}

std::vector<float> soft_targets_by(std::optional<estimate::Model> teacher, const recipe::Recipe& recipe,
                                   const store::Stores& stores, const RunFolder& run, nn::Engine& engine,
                                   const base::StopFlag& stop, const base::ProgressSink& progress) {
  if (recipe.train.distillation_weight == 0) return {};
  DerivedFile file = soft_targets_file(run, recipe, stores);
  if (!teacher && !holds(file))
    throw base::file_error(file.path, "was not computed from the faces of " + stores.names() + "; start a new run");
  make_unless_it_holds(file, [&] {
    std::vector<float> soft_targets = compute(std::move(*teacher), stores, run, engine, stop, progress);
    base::write_file(file.path, std::as_bytes(std::span(soft_targets)));
  });
  return read(file);
}

}  // namespace agewise::train
