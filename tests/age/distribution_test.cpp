#include "agewise/age/distribution.h"

#include <gmock/gmock.h>

namespace agewise::age {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kNear = 1e-6;  // the distribution is of floats
constexpr double kNoEnd = std::numeric_limits<double>::infinity();
const Classes kFive = yearly_classes(5);  // edges 0.5, 1.5, 2.5, 3.5
const std::vector<float> kEven(5, 0.2F);  // below the age y lies (y + 0.5) / 5

TEST(Quantile, lies_linearly_within_its_class) {
  std::vector<float> distribution{0, 0.25F, 0.75F, 0, 0};
  EXPECT_NEAR(quantile(kFive, distribution, 0.1), 0.5 + 0.1 / 0.25, kNear);
  EXPECT_NEAR(quantile(kFive, distribution, 0.25), 1.5, kNear);
  EXPECT_NEAR(quantile(kFive, distribution, 0.9), 1.5 + 0.65 / 0.75, kNear);
}

TEST(AgesWithin, are_quantiles_of_the_distribution_cut_to_the_range) {
  // Of 0.3 … 0.7 the four middles 0.35, 0.45, 0.55, 0.65.
  EXPECT_THAT(ages_within(kFive, kEven, {1, 3}, 4), Pointwise(DoubleNear(kNear), {1.25, 1.75, 2.25, 2.75}));
  EXPECT_THAT(ages_within(kFive, kEven, {3, kNoEnd}, 2), Pointwise(DoubleNear(kNear), {3.375, 4.125}));
}

TEST(AgesWithin, are_the_nearest_end_where_the_distribution_has_next_to_nothing_there) {
  EXPECT_THAT(ages_within(kFive, std::vector<float>{1, 0, 0, 0, 0}, {3, 4}, 2), ElementsAre(3, 3));
  EXPECT_THAT(ages_within(kFive, std::vector<float>{0, 0.005F, 0, 0, 0.995F}, {0, 2}, 2), ElementsAre(2, 2));
  EXPECT_THAT(ages_within(kFive, std::vector<float>{0, 0.02F, 0, 0, 0.98F}, {0, 2}, 1),
              ElementsAre(DoubleNear(1, kNear)));
}

}  // namespace
}  // namespace agewise::age
