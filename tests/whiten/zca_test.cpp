// Against the textbook: W = U (Λ + εI)^-½ Uᵀ from a full eigendecomposition of the d × d covariance, in plain loops.
#include "agewise/whiten/zca.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/random.h"

namespace agewise::whiten {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;
using testing::ThrowsMessage;

using Matrix = std::vector<std::vector<double>>;

// Cyclic Jacobi rotations (Golub and Van Loan, §8.5) until nothing is left off the diagonal: `matrix` becomes Λ, the
// columns of the result are the eigenvectors.
Matrix jacobi(Matrix& matrix) {
  std::size_t n = matrix.size();
  Matrix vectors(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) vectors[i][i] = 1;
  auto rotate = [](double& a, double& b, double c, double s) {
    double a_before = a;
    a = c * a_before - s * b;
    b = s * a_before + c * b;
  };
  for (int sweep = 0; sweep < 30; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        double angle = 0.5 * std::atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]);
        double c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) rotate(matrix[k][p], matrix[k][q], c, s);
        for (std::size_t k = 0; k < n; ++k) rotate(matrix[p][k], matrix[q][k], c, s);
        for (std::size_t k = 0; k < n; ++k) rotate(vectors[k][p], vectors[k][q], c, s);
      }
    }
  }
  return vectors;
}

std::vector<double> mean_of(const std::vector<float>& samples, std::size_t d) {
  std::vector<double> mean(d, 0);
  for (std::size_t i = 0; i < samples.size(); ++i) mean[i % d] += samples[i];
  for (double& value : mean) value /= static_cast<double>(samples.size() / d);
  return mean;
}

Matrix covariance_of(const std::vector<float>& samples, std::size_t d) {
  std::vector<double> mean = mean_of(samples, d);
  std::size_t n = samples.size() / d;
  Matrix covariance(d, std::vector<double>(d, 0));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t a = 0; a < d; ++a) {
      for (std::size_t b = 0; b < d; ++b) {
        covariance[a][b] += (samples[i * d + a] - mean[a]) * (samples[i * d + b] - mean[b]) / static_cast<double>(n);
      }
    }
  }
  return covariance;
}

// The textbook's W (x - mean) of each row of `pictures`. Without `identity` eigenvalues of nothing but round-off get 0.
std::vector<float> textbook_zca(const std::vector<float>& samples, std::size_t d, const recipe::WhitenRecipe& recipe,
                                const std::vector<float>& pictures) {
  Matrix lambda = covariance_of(samples, d);
  double mean_variance = 0;
  for (std::size_t a = 0; a < d; ++a) mean_variance += lambda[a][a] / static_cast<double>(d);
  Matrix u = jacobi(lambda);
  Matrix w(d, std::vector<double>(d, 0));
  for (std::size_t j = 0; j < d; ++j) {
    if (!recipe.identity && lambda[j][j] < 1e-9 * mean_variance) continue;
    double scale = 1 / std::sqrt(lambda[j][j] + recipe.epsilon * mean_variance);
    for (std::size_t a = 0; a < d; ++a) {
      for (std::size_t b = 0; b < d; ++b) w[a][b] += u[a][j] * scale * u[b][j];
    }
  }
  std::vector<double> mean = mean_of(samples, d);
  std::vector<float> white;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    double sum = 0;
    for (std::size_t b = 0; b < d; ++b) sum += w[i % d][b] * (pictures[i / d * d + b] - mean[b]);
    white.push_back(static_cast<float>(sum));
  }
  return white;
}

// Pixels 0..255 of which neighbours are alike.
std::vector<float> smooth_pictures(std::size_t count, std::size_t d, std::uint64_t seed) {
  base::Random random(seed, base::Purpose::test);
  std::vector<float> pictures(count * d);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    float before = i % d > 0 ? pictures[i - 1] : static_cast<float>(random.uniform(0, 255));
    pictures[i] = std::round(std::clamp(before + static_cast<float>(random.uniform(-40, 40)), 0.0F, 255.0F));
  }
  return pictures;
}

Zca fit(std::vector<float> samples, std::size_t d, const recipe::WhitenRecipe& recipe) {
  return fit_zca(samples, static_cast<int>(d), recipe, base::StopFlag{false});
}

std::vector<float> whitened(const Zca& zca, std::vector<float> pictures) {
  apply_zca(zca, pictures);
  return pictures;
}

struct Case {
  const char* name;
  std::size_t samples, dimensions;
  double epsilon;
  bool identity;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class AgainstTheTextbook : public testing::TestWithParam<Case> {};

TEST_P(AgainstTheTextbook, pictures_seen_and_unseen_agree_to_a_thousandth) {
  const Case& c = GetParam();
  recipe::WhitenRecipe recipe{recipe::Whitening::zca, c.epsilon, 0, c.identity};
  std::vector<float> samples = smooth_pictures(c.samples, c.dimensions, 1);
  std::vector<float> unseen = smooth_pictures(5, c.dimensions, 2);
  Zca zca = fit(samples, c.dimensions, recipe);
  EXPECT_EQ(zca.fitted_on, static_cast<int>(c.samples));
  EXPECT_THAT(whitened(zca, samples),
              Pointwise(FloatNear(1e-3F), textbook_zca(samples, c.dimensions, recipe, samples)));
  EXPECT_THAT(whitened(zca, unseen), Pointwise(FloatNear(1e-3F), textbook_zca(samples, c.dimensions, recipe, unseen)));
}

INSTANTIATE_TEST_SUITE_P(Each, AgainstTheTextbook,
                         testing::Values(Case{"fewer_samples_projected", 30, 64, 0.1, false},
                                         Case{"fewer_samples_whole", 30, 64, 0.1, true},
                                         Case{"fewer_samples_without_epsilon", 30, 64, 0, false},
                                         Case{"as_many_samples", 64, 64, 0.1, true},
                                         Case{"more_samples_projected", 200, 64, 0.1, false},
                                         Case{"more_samples_whole", 200, 64, 0.01, true},
                                         Case{"more_samples_without_epsilon", 200, 64, 0, false}),
                         [](const auto& tested) { return std::string(tested.param.name); });

// Worked by hand: mean (1, 0), variance 1 along x and 0 along y, mean pixel variance ½, ε = ½ · ½ = ¼.
TEST(TwoPoints, are_whitened_as_by_hand) {
  std::vector<float> points{0, 0, 2, 0}, unseen{1, 1};
  Zca projected = fit(points, 2, {recipe::Whitening::zca, 0.5, 0, false});
  EXPECT_DOUBLE_EQ(projected.epsilon, 0.25);
  EXPECT_THAT(projected.mean, ElementsAre(1, 0));
  float x = 1 / std::sqrt(1.25F);
  EXPECT_THAT(whitened(projected, points), Pointwise(FloatNear(1e-6F), std::vector<float>{-x, 0.0F, x, 0.0F}));
  EXPECT_THAT(whitened(projected, unseen), ElementsAre(0, 0));  // y is outside what was seen

  Zca whole = fit(points, 2, {recipe::Whitening::zca, 0.5, 0, true});
  EXPECT_THAT(whitened(whole, points), Pointwise(FloatNear(1e-6F), std::vector<float>{-x, 0.0F, x, 0.0F}));
  EXPECT_THAT(whitened(whole, unseen), Pointwise(FloatNear(1e-6F), std::vector<float>{0.0F, 2.0F}));  // 1/√¼
}

// What the article's transform without ε does to its own training pictures: centred, they have the products
// n·(δ - 1/n), whatever they showed.
TEST(WithoutEpsilon, fewer_pictures_than_pixels_come_out_equally_far_from_each_other) {
  constexpr std::size_t kCount = 20, kPixels = 100;
  std::vector<float> pictures = smooth_pictures(kCount, kPixels, 3);
  std::vector<float> white = whitened(fit(pictures, kPixels, {recipe::Whitening::zca, 0, 0, false}), pictures);
  for (std::size_t a = 0; a < kCount; ++a) {
    for (std::size_t b = 0; b < kCount; ++b) {
      double product = 0;
      for (std::size_t p = 0; p < kPixels; ++p) product += double{white[a * kPixels + p]} * white[b * kPixels + p];
      EXPECT_NEAR(product, (a == b ? kCount : 0) - 1.0, 2e-3);
    }
  }
}

// A picture that is there three times adds no direction, and 1/√0 makes no infinity of it.
TEST(WithoutEpsilon, repeated_pictures_make_no_infinity) {
  std::vector<float> pictures = smooth_pictures(6, 50, 4);
  for (int copy = 0; copy < 2; ++copy) pictures.insert(pictures.end(), pictures.begin(), pictures.begin() + 50);
  Zca zca = fit(pictures, 50, {recipe::Whitening::zca, 0, 0, false});
  EXPECT_EQ(zca.components(), 5);
  for (float value : whitened(zca, smooth_pictures(4, 50, 5))) EXPECT_TRUE(std::isfinite(value));
}

TEST(Components, are_the_strongest_and_orthonormal) {
  std::vector<float> pictures = smooth_pictures(40, 64, 6);
  Zca all = fit(pictures, 64, {recipe::Whitening::zca, 0.1, 0, false});
  Zca few = fit(pictures, 64, {recipe::Whitening::zca, 0.1, 7, false});
  EXPECT_EQ(all.components(), 39);
  ASSERT_EQ(few.components(), 7);
  EXPECT_EQ(few.gain, std::vector<float>(all.gain.begin(), all.gain.begin() + 7));
  EXPECT_TRUE(std::is_sorted(all.gain.begin(), all.gain.end()));  // the strongest is damped most
  for (int a = 0; a < 39; ++a) {
    for (int b = 0; b < 39; ++b) {
      double product = 0;
      for (int p = 0; p < 64; ++p) product += double{all.basis[a * 64 + p]} * all.basis[b * 64 + p];
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-5);
    }
  }
}

TEST(ManyPictures, are_whitened_as_each_alone) {
  Zca zca = fit(smooth_pictures(40, 64, 7), 64, {recipe::Whitening::zca, 0.1, 0, true});
  std::vector<float> many = smooth_pictures(300, 64, 8);  // more than are whitened at once
  std::vector<float> alone;
  for (std::size_t i = 0; i < 300; ++i) {
    std::vector<float> one = whitened(zca, {many.begin() + i * 64, many.begin() + (i + 1) * 64});
    alone.insert(alone.end(), one.begin(), one.end());
  }
  EXPECT_THAT(whitened(zca, many), Pointwise(FloatNear(1e-5F), alone));
}

TEST(Fitting, refuses_what_it_cannot_do_with_the_reason) {
  std::vector<float> equal(10, 128.0F);
  EXPECT_THAT([&] { fit(equal, 5, {recipe::Whitening::zca}); },
              ThrowsMessage<base::Error>(HasSubstr("pictures are identical")));
  std::vector<float> pictures = smooth_pictures(4, 5, 9);
  EXPECT_THAT(
      [&] {
        fit(pictures, 5, {recipe::Whitening::zca, 0, 0, true});
      },
      ThrowsMessage<base::UsageError>(HasSubstr("whiten.identity needs whiten.epsilon above 0")));
  EXPECT_THROW(fit(pictures, 3, {recipe::Whitening::zca}), std::invalid_argument);
}

TEST(Fitting, stops_when_asked_and_tells_its_steps) {
  std::vector<float> pictures = smooth_pictures(10, 20, 10);
  base::StopFlag stop{false};
  std::vector<std::string> steps;
  fit_zca(pictures, 20, {recipe::Whitening::zca}, stop, [&](const base::Progress& progress) {
    if (steps.empty() || steps.back() != progress.what) steps.push_back(progress.what);
  });
  EXPECT_THAT(steps, ElementsAre("whitening: products", "whitening: eigenvectors", "whitening: directions"));
  stop = true;
  EXPECT_THROW(fit_zca(pictures, 20, {recipe::Whitening::zca}, stop), base::Interrupted);
}

}  // namespace
}  // namespace agewise::whiten
