// ZCA whitening in its exact low-rank form (facts §6): never forms the d × d matrix, takes n ≤ d samples.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/recipe/recipe.h"

namespace agewise {

// y = identity_scale·(x - mean) + Vᵀ-part: Σ_j gain_j · v_j (v_jᵀ (x - mean)), v_j the rows of `basis`.
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

// Fits on `samples` × `dimensions` floats (pixels 0..255), which it overwrites: they are the workspace.
Zca fit_zca(std::span<float> images, int dimensions, const WhitenRecipe& recipe, const StopFlag& stop,
            const ProgressSink& progress = {});

// Whitens rows of `images` in place: two GEMMs over many at once.
void apply_zca(const Zca& zca, std::span<float> images);

// One safetensors file; the hash of its content is what checkpoints name.
void write_zca(const std::filesystem::path& file, const Zca& zca);
Zca read_zca(const std::filesystem::path& file);

}  // namespace agewise
