// ZCA whitening in its exact low-rank form: y = W (x - mean) with W = U (Λ + εI)^-½ Uᵀ of the covariance UΛUᵀ, without
// ever forming the d × d matrix where there are fewer samples than dimensions.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/recipe/recipe.h"
#include "agewise/weights/safetensors.h"

namespace agewise::whiten {

// y = identity_scale · (x - mean) + Σ_j gain_j · v_j (v_jᵀ (x - mean)), v_j the rows of `basis`.
struct Zca {
  int dimensions = 0;
  std::vector<float> mean;   // dimensions
  std::vector<float> basis;  // components × dimensions, orthonormal rows, strongest first
  std::vector<float> gain;   // components
  float identity_scale = 0;  // 1/√ε with the identity term, else 0 (projected ZCA)
  double epsilon = 0;        // absolute: recipe.epsilon · mean pixel variance
  int fitted_on = 0;         // samples
  int components() const { return static_cast<int>(gain.size()); }
};

// Fits on `samples` × `dimensions` floats (pixels 0..255), which it overwrites: they are the workspace. Beside them it
// needs 16 m² bytes, m = min(samples, dimensions), and then components × dimensions floats for the result; time grows
// as m² · (samples + dimensions).
//
// Directions in which the samples do not differ at all (variance below double precision's round-off of the strongest;
// all but samples - 1 of them, at most) have no direction of their own to be computed: with the identity term they are
// scaled by 1/√ε, without it they are 0 in the output. So ε = 0, which the article published, gives a finite result:
// its 1/√0 is left out, every other direction is scaled to variance 1 however weak it is. With fewer samples than
// dimensions the samples themselves then all come out equally far from each other: nothing is left to learn from.
//
// Throws UsageError for an identity term with ε = 0, Error if all samples are equal, Interrupted on `stop` (seen
// between steps; the eigenvectors, about half of the time, are one).
Zca fit_zca(std::span<float> images, int dimensions, const recipe::WhitenRecipe& recipe, const base::StopFlag& stop,
            const base::ProgressSink& progress = {});

// Whitens rows of `images` in place: two matrix products over many rows at once. Workspace: 256 × components floats.
void apply_zca(const Zca& zca, std::span<float> images);

// One safetensors file; the hash of its content is what checkpoints name.
void write_zca(const std::filesystem::path& file, const Zca& zca);
Zca read_zca(const std::filesystem::path& file);

// The same within a file that holds more: arrays (views of `zca`) and a text under the name kWhiteningText. Reading
// checks shapes and that all is finite; throws Error naming file and array.
inline constexpr const char* kWhiteningText = "whitening";
std::vector<weights::TensorView> zca_tensors(const Zca& zca);
std::string zca_text(const Zca& zca);
Zca read_zca(const weights::SafetensorsFile& file);

}  // namespace agewise::whiten
