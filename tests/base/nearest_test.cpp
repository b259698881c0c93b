#include "agewise/base/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace agewise::base {
namespace {

// Levenshtein's own kind of example: kitten → sitting takes three.
TEST(EditDistance, counts_insertions_deletions_and_replacements) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("same", "same"), 0);
}

TEST(NearestName, is_the_one_with_the_fewest_changes) {
  std::vector<std::string> known{"train.epochs", "train.batch", "split.train"};
  EXPECT_EQ(nearest_name("train.epoch", known), "train.epochs");
  EXPECT_EQ(nearest_name("split.train" + std::string(100'000'000, 'x'), known), "split.train");  // at once
}

}  // namespace
}  // namespace agewise::base
