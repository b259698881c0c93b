#include "agewise/estimate/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/estimate/import_arrays.h"
#include "agewise/estimate/import_onnx.h"
#include "agewise/weights/caffemodel.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/pth.h"

namespace agewise::estimate {

namespace {

weights::WeightFile read_arrays(const std::filesystem::path& path) {
  weights::SafetensorsFile file(path);
  weights::WeightFile weights;
  for (const weights::StoredTensor& tensor : file.tensors()) {
    if (tensor.type == weights::StoredType::whole) {
      weights.skipped.push_back(tensor.name);
    } else {
      weights.arrays.push_back({tensor.name, tensor.shape, file.read(tensor.name)});
    }
  }
  return weights;
}

Imported import_any(const std::filesystem::path& file, const ImportOptions& options) {
  // First: a header's length may begin as an ONNX file does.
  if (weights::is_safetensors(file)) return import_arrays(file, read_arrays(file), options);
  if (weights::is_onnx(file)) {
    if (options.architecture) throw base::UsageError("an ONNX file contains its own network: leave out --architecture");
    return import_onnx(file, options);
  }
  if (weights::is_pth(file)) return import_arrays(file, weights::read_pth(file), options);
  if (weights::is_caffemodel(file)) return import_arrays(file, weights::read_caffemodel(file), options);
  throw base::file_error(file, "is not a supported weight file: ONNX, caffemodel, PyTorch's .pth or safetensors");
}

// ImageNet's classes, say, are no ages.
void doubt_ages(Imported& imported) {
  constexpr int kBeyondAllAges = 150;
  int years = imported.model.recipe.classes.years;
  if (years <= kBeyondAllAges) return;
  imported.notices.push_back(
      fmt::format("its {} outputs are taken as the ages 0 to {}: if they are other classes, train from it (--from) "
                  "with --set classes.years=101, which gives it a new last layer",
                  years, years - 1));
}

}  // namespace

Imported import_model(const std::filesystem::path& file, const ImportOptions& options) {
  try {
    Imported imported = import_any(file, options);
    if (options.classes == 0) doubt_ages(imported);
    return imported;
  } catch (const base::UsageError& error) {
    throw base::UsageError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace agewise::estimate
