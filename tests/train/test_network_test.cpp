#include "agewise/train/test_network.h"

#include <gmock/gmock.h>

#include "agewise/base/random.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

// The outputs for one batch, by a network whose running statistics (0 and 1) are far from the batch's.
std::vector<float> outputs(std::initializer_list<const char*> assignments, int epoch = 1) {
  recipe::Recipe recipe = tiny::recipe();
  for (const char* assignment : assignments) recipe::set_option(recipe, assignment);
  nn::Graph graph = estimate::graph_of(recipe, recipe::classes_of(recipe.classes));
  TestNetwork network(recipe, graph, *nn::make_reference_engine());
  network.set_parameters(nn::initial_parameters(graph, 3));
  Batch batch{std::vector<float>(8 * 64), {0, 1, 2, 3, 4, 5, 6, 7}, 8};
  base::Random random(2, base::Purpose::test);
  for (float& value : batch.inputs) value = static_cast<float>(random.uniform(0, 255));
  std::span<const float> first = network.outputs(batch, epoch);
  std::vector<float> kept(first.begin(), first.end());
  std::span<const float> second = network.outputs(batch, epoch);
  EXPECT_EQ(kept, std::vector<float>(second.begin(), second.end())) << "statistics moved";
  return kept;
}

TEST(TestNetwork, drops_nothing_unless_the_recipe_says_so) {
  EXPECT_EQ(outputs({}, 1), outputs({}, 2));
  EXPECT_EQ(outputs({"predict.batch_statistics=true"}, 1), outputs({"predict.batch_statistics=true"}, 2));
  EXPECT_NE(outputs({"predict.batch_statistics=true", "predict.dropout=true"}, 1),
            outputs({"predict.batch_statistics=true", "predict.dropout=true"}, 2));
}

TEST(TestNetwork, normalises_by_running_statistics_unless_the_recipe_says_by_the_batchs) {
  EXPECT_NE(outputs({}), outputs({"predict.batch_statistics=true"}));
}

}  // namespace
}  // namespace agewise::train
