#include "agewise/whiten/zca.h"

#include <cblas.h>
// LAPACK's header alone: the routine comes out of OpenBLAS, whatever liblapack the system has beside it.
#include <lapack.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "agewise/base/error.h"

namespace agewise::whiten {
namespace {

constexpr std::size_t kPanel = 512;           // rows or columns in double precision at a time
constexpr std::size_t kPicturesAtOnce = 256;  // of apply_zca

int blas(std::size_t n) { return static_cast<int>(n); }

// Tells how far a step is and looks at the stop flag.
class Step {
 public:
  Step(std::string what, std::size_t total, const base::StopFlag& stop, const base::ProgressSink& progress)
      : stop_(stop), progress_(progress), state_{"whitening: " + std::move(what), 0, total} {
    at(0);
  }
  void at(std::size_t done) {
    if (stop_) throw base::Interrupted("whitening was stopped; it starts over when it is resumed");
    state_.done = done;
    if (progress_) progress_(state_);
  }

 private:
  const base::StopFlag& stop_;
  const base::ProgressSink& progress_;
  base::Progress state_;
};

struct Samples {
  std::span<float> values;
  std::size_t count, dimensions;
  float* row(std::size_t i) const { return values.data() + i * dimensions; }
};

std::vector<double> mean_of(const Samples& samples) {
  std::vector<double> mean(samples.dimensions, 0.0);
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t j = 0; j < samples.dimensions; ++j) mean[j] += samples.row(i)[j];
  }
  for (double& value : mean) value /= static_cast<double>(samples.count);
  return mean;
}

// Rows [first_row, last_row) × columns [first, last) in double precision, centred.
void centred_part(const Samples& samples, const std::vector<double>& mean, std::size_t first_row, std::size_t last_row,
                  std::size_t first, std::size_t last, std::vector<double>& part) {
  part.resize((last_row - first_row) * (last - first));
  double* place = part.data();
  for (std::size_t i = first_row; i < last_row; ++i) {
    for (std::size_t j = first; j < last; ++j) *place++ = samples.row(i)[j] - mean[j];
  }
}

// X Xᵀ of the centred samples: samples × samples, upper triangle. In double precision, because its weak directions
// have squares 10⁻⁹ of the strongest one's and less.
std::vector<double> products_of_samples(const Samples& samples, const std::vector<double>& mean, Step step) {
  std::size_t n = samples.count;
  std::vector<double> products(n * n, 0.0), part;
  for (std::size_t first = 0; first < samples.dimensions; first += kPanel) {
    step.at(first);
    std::size_t last = std::min(first + kPanel, samples.dimensions);
    centred_part(samples, mean, 0, n, first, last, part);
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, blas(n), blas(last - first), 1, part.data(),
                blas(last - first), 1, products.data(), blas(n));
  }
  return products;
}

// Xᵀ X of the centred samples: dimensions × dimensions, upper triangle.
std::vector<double> products_of_pixels(const Samples& samples, const std::vector<double>& mean, Step step) {
  std::size_t d = samples.dimensions;
  std::vector<double> products(d * d, 0.0), part;
  for (std::size_t first = 0; first < samples.count; first += kPanel) {
    step.at(first);
    std::size_t last = std::min(first + kPanel, samples.count);
    centred_part(samples, mean, first, last, 0, d, part);
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, blas(d), blas(last - first), 1, part.data(), blas(d), 1,
                products.data(), blas(d));
  }
  return products;
}

struct Eigen {
  std::vector<double> values;   // ascending
  std::vector<double> vectors;  // one a row
};

// Of a symmetric matrix whose upper triangle is given, row-major; it is overwritten.
Eigen eigen_of(std::vector<double> matrix, std::size_t size) {
  Eigen eigen{std::vector<double>(size), std::vector<double>(size * size)};
  std::vector<lapack_int> support(2 * size), whole_work(1);
  std::vector<double> work(1);
  lapack_int n = blas(size), found = 0, info = 0, none = 0, ask = -1;
  double no_bound = 0, tolerance = 0;
  auto call = [&](lapack_int work_size, lapack_int whole_work_size) {
    // Fortran counts columns first: its lower triangle is our upper one, its columns are our rows.
    LAPACK_dsyevr("V", "A", "L", &n, matrix.data(), &n, &no_bound, &no_bound, &none, &none, &tolerance, &found,
                  eigen.values.data(), eigen.vectors.data(), &n, support.data(), work.data(), &work_size,
                  whole_work.data(), &whole_work_size, &info);
  };
  call(ask, ask);
  work.resize(static_cast<std::size_t>(work[0]));
  whole_work.resize(static_cast<std::size_t>(whole_work[0]));
  call(blas(work.size()), blas(whole_work.size()));
  if (info != 0 || found != n)
    throw base::Error("whitening: LAPACK's dsyevr found no eigenvectors; are the pictures broken?");
  return eigen;
}

void centre(const Samples& samples, const std::vector<float>& mean) {
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t j = 0; j < samples.dimensions; ++j) samples.row(i)[j] -= mean[j];
  }
}

// v_j = Xᵀ u_j / √λ_j for the eigenvectors u_j of X Xᵀ, strongest first, as many as `gain` has places.
void directions_from_samples(const Samples& samples, const Eigen& eigen, Zca& zca, Step step) {
  centre(samples, zca.mean);
  std::size_t n = samples.count, d = samples.dimensions, components = zca.gain.size();
  std::vector<float> rows;
  for (std::size_t first = 0; first < components; first += kPanel) {
    step.at(first);
    std::size_t last = std::min(first + kPanel, components);
    rows.resize((last - first) * n);
    for (std::size_t j = first; j < last; ++j) {
      const double* u = eigen.vectors.data() + (n - 1 - j) * n;
      double scale = 1 / std::sqrt(eigen.values[n - 1 - j]);
      for (std::size_t i = 0; i < n; ++i) rows[(j - first) * n + i] = static_cast<float>(u[i] * scale);
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blas(last - first), blas(d), blas(n), 1, rows.data(),
                blas(n), samples.values.data(), blas(d), 0, zca.basis.data() + first * d, blas(d));
  }
}

void directions_from_pixels(const Eigen& eigen, Zca& zca) {
  std::size_t d = eigen.values.size();
  for (std::size_t j = 0; j < zca.gain.size(); ++j) {
    std::transform(eigen.vectors.data() + (d - 1 - j) * d, eigen.vectors.data() + (d - j) * d, zca.basis.data() + j * d,
                   [](double value) { return static_cast<float>(value); });
  }
}

// How many eigenvalues stand above the round-off of the largest.
std::size_t rank_of(const std::vector<double>& ascending, std::size_t larger_side) {
  double noise = ascending.back() * static_cast<double>(larger_side) * std::numeric_limits<double>::epsilon();
  return static_cast<std::size_t>(ascending.end() - std::upper_bound(ascending.begin(), ascending.end(), noise));
}

void check(std::span<float> images, int dimensions, const recipe::WhitenRecipe& recipe) {
  if (dimensions < 1 || images.empty() || images.size() % static_cast<std::size_t>(dimensions) != 0) {
    throw std::invalid_argument("whitening needs whole samples");
  }
  if (recipe.identity && recipe.epsilon == 0) {
    throw base::UsageError(
        "whiten.identity needs whiten.epsilon above 0: directions outside the training pictures are scaled by 1/√ε");
  }
}

}  // namespace

Zca fit_zca(std::span<float> images, int dimensions, const recipe::WhitenRecipe& recipe, const base::StopFlag& stop,
            const base::ProgressSink& progress) {
  check(images, dimensions, recipe);
  std::size_t d = static_cast<std::size_t>(dimensions), n = images.size() / d;
  Samples samples{images, n, d};
  std::vector<double> mean = mean_of(samples);
  bool by_samples = n <= d;
  Eigen eigen;
  {
    auto products = by_samples ? products_of_samples(samples, mean, Step("products", d, stop, progress))
                               : products_of_pixels(samples, mean, Step("products", n, stop, progress));
    Step step("eigenvectors", 0, stop, progress);
    eigen = eigen_of(std::move(products), std::min(n, d));
  }
  std::size_t components = rank_of(eigen.values, std::max(n, d));
  if (components == 0) throw base::Error("whitening: all training pictures are identical");
  if (recipe.components > 0)
    components = std::min<std::size_t>(components, static_cast<std::size_t>(recipe.components));

  Zca zca{dimensions, {mean.begin(), mean.end()}};
  double total = std::accumulate(eigen.values.begin(), eigen.values.end(), 0.0);
  zca.epsilon = recipe.epsilon * total / static_cast<double>(n) / static_cast<double>(d);
  zca.fitted_on = static_cast<int>(n);
  double identity = recipe.identity ? 1 / std::sqrt(zca.epsilon) : 0;
  zca.identity_scale = static_cast<float>(identity);
  for (std::size_t j = 0; j < components; ++j) {
    double variance = eigen.values[eigen.values.size() - 1 - j] / static_cast<double>(n);
    zca.gain.push_back(static_cast<float>(1 / std::sqrt(variance + zca.epsilon) - identity));
  }
  zca.basis.resize(components * d);
  if (by_samples) {
    directions_from_samples(samples, eigen, zca, Step("directions", components, stop, progress));
  } else {
    directions_from_pixels(eigen, zca);
  }
  return zca;
}

void apply_zca(const Zca& zca, std::span<float> images) {
  std::size_t d = static_cast<std::size_t>(zca.dimensions), n = images.size() / d, k = zca.gain.size();
  if (images.size() % d != 0) throw std::invalid_argument("whitening needs whole samples");
  std::vector<float> along(std::min(n, kPicturesAtOnce) * k);
  for (std::size_t first = 0; first < n; first += kPicturesAtOnce) {
    std::size_t count = std::min(kPicturesAtOnce, n - first);
    float* rows = images.data() + first * d;
    centre({{rows, count * d}, count, d}, zca.mean);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, blas(count), blas(k), blas(d), 1, rows, blas(d),
                zca.basis.data(), blas(d), 0, along.data(), blas(k));
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < k; ++j) along[i * k + j] *= zca.gain[j];
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blas(count), blas(d), blas(k), 1, along.data(), blas(k),
                zca.basis.data(), blas(d), zca.identity_scale, rows, blas(d));
  }
}

}  // namespace agewise::whiten
