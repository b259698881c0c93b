#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "agewise/catalog/screen.h"

namespace agewise::catalog {
namespace {

std::vector<const CatalogRow*> pointers(const std::vector<CatalogRow>& rows) {
  std::vector<const CatalogRow*> all;
  for (const CatalogRow& row : rows) all.push_back(&row);
  return all;
}

std::int64_t train_count(const std::vector<Split>& splits) {
  return std::count(splits.begin(), splits.end(), Split::train);
}

std::vector<CatalogRow> people(int count, int pictures_each) {
  std::vector<CatalogRow> rows;
  for (int i = 0; i < count * pictures_each; ++i) {
    CatalogRow row;
    row.person = "person " + std::to_string(i % count);
    rows.push_back(row);
  }
  return rows;
}

TEST(RandomSplit, gives_the_training_part_its_share) {
  std::vector<CatalogRow> rows(1000);
  EXPECT_EQ(train_count(assign_splits(pointers(rows), {})), 700);
}

TEST(RandomSplit, keeps_each_person_on_one_side) {
  std::vector<CatalogRow> rows = people(100, 7);
  std::vector<Split> splits = assign_splits(pointers(rows), {});
  std::map<std::string, std::set<Split>> sides;
  for (std::size_t i = 0; i < rows.size(); ++i) sides[rows[i].person].insert(splits[i]);
  for (const auto& [person, side] : sides) EXPECT_EQ(side.size(), 1U) << person;
  EXPECT_EQ(train_count(splits), 490);
}

TEST(RandomSplit, comes_near_its_share_also_with_one_huge_group) {
  std::vector<CatalogRow> rows = people(50, 2);
  for (int i = 0; i < 40; ++i) rows[i].person = "huge";
  EXPECT_NEAR(train_count(assign_splits(pointers(rows), {})), 70, 2);
}

TEST(RandomSplit, follows_its_seed) {
  std::vector<CatalogRow> rows(100);
  recipe::SplitRecipe other;
  other.seed = 2;
  EXPECT_EQ(assign_splits(pointers(rows), {}), assign_splits(pointers(rows), {}));
  EXPECT_NE(assign_splits(pointers(rows), {}), assign_splits(pointers(rows), other));
}

TEST(OrderedSplit, takes_the_first_rows_as_the_article_did) {
  std::vector<CatalogRow> rows(10);
  recipe::SplitRecipe recipe;
  recipe.rule = recipe::SplitRule::ordered;
  std::vector<Split> splits = assign_splits(pointers(rows), recipe);
  EXPECT_TRUE(std::all_of(splits.begin(), splits.begin() + 7, [](Split s) { return s == Split::train; }));
  EXPECT_TRUE(std::all_of(splits.begin() + 7, splits.end(), [](Split s) { return s == Split::test; }));
}

TEST(Split, of_the_labels_wins_over_the_recipe) {
  std::vector<CatalogRow> rows(10);
  rows[0].split = "val";
  rows[9].split = "train";
  std::vector<Split> splits = assign_splits(pointers(rows), {});
  EXPECT_EQ(splits[0], Split::val);
  EXPECT_EQ(splits[9], Split::train);
  EXPECT_EQ(train_count(splits), 1 + 6);  // 70 % of the other 8, rounded
}

TEST(ShareDifference, is_one_for_sorted_labels_cut_at_a_class_edge_and_zero_for_alike_parts) {
  std::vector<Split> splits{Split::train, Split::train, Split::test, Split::test};
  EXPECT_DOUBLE_EQ(share_difference(std::vector<int>{0, 0, 1, 1}, splits).found, 1);
  EXPECT_DOUBLE_EQ(share_difference(std::vector<int>{0, 1, 0, 1}, splits).found, 0);
}

// Eight rows for training and two others, each of a class of its own: √(10 · (1/8 + 1/2)) / 2 = 1.25, so that even no
// class in common is no wonder. A hundred times the rows of two classes: √(2 · (1/800 + 1/200)) / 2 = 0.0559.
TEST(ShareDifference, of_few_rows_in_many_classes_is_chance) {
  std::vector<int> own(10), two(1000);
  std::vector<Split> few(10, Split::train), many(1000, Split::train);
  for (int i = 0; i < 10; ++i) own[static_cast<std::size_t>(i)] = i;
  for (std::size_t i = 0; i < 1000; ++i) two[i] = static_cast<int>(i % 2);
  std::fill(few.begin() + 8, few.end(), Split::val);
  std::fill(many.begin() + 800, many.end(), Split::val);
  EXPECT_DOUBLE_EQ(share_difference(own, few).found, 1);
  EXPECT_DOUBLE_EQ(share_difference(own, few).by_chance, 1.25);
  EXPECT_NEAR(share_difference(two, many).by_chance, 0.0559, 0.0001);
}

}  // namespace
}  // namespace agewise::catalog
