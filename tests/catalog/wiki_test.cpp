// The real wiki.mat. Expected counts: reference/facts.md §4, and another program's list of clean rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "agewise/catalog/screen.h"

namespace agewise::catalog {
namespace {

const std::filesystem::path kWiki = std::filesystem::path(AGEWISE_SHARED_DIR) / "data/wiki/wiki.mat";
const std::filesystem::path kCleanRows = std::filesystem::path(AGEWISE_SHARED_DIR) / "data/wiki/wiki_yu4u_clean.csv";

class Wiki : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kWiki)) GTEST_SKIP() << kWiki << " is not here";
  }
  static const std::vector<CatalogRow>& rows() {
    static const Catalog catalog = read_labels(kWiki);
    return catalog.rows;
  }
  template <class Predicate>
  static std::int64_t count(Predicate predicate) {
    return std::count_if(rows().begin(), rows().end(), predicate);
  }
  static std::int64_t kept(const recipe::ScreenRecipe& recipe) {
    return count([&](const CatalogRow& row) { return screen(row, recipe) == Reason::none; });
  }
  static std::int64_t ages_that_differ(recipe::AgeRule a, recipe::AgeRule b) {
    return count([&](const CatalogRow& row) { return age_of(row, a) != age_of(row, b); });
  }
};

TEST_F(Wiki, has_62328_rows_with_every_field) {
  ASSERT_EQ(rows().size(), 62328U);
  const CatalogRow& first = rows()[0];
  EXPECT_EQ(first.file, "17/10000217_1981-05-05_2009.jpg");
  EXPECT_EQ(first.person, "Sami Jauhojärvi");
  EXPECT_EQ(first.gender, Gender::male);
  EXPECT_EQ(base::date_of_matlab_day(static_cast<std::int64_t>(*first.born)), (base::Date{1981, 5, 5}));
  EXPECT_EQ(first.taken, 2009);
  EXPECT_EQ(first.source, "wiki");
}

TEST_F(Wiki, has_the_known_counts_of_genders_and_scores) {
  EXPECT_EQ(count([](const CatalogRow& row) { return row.gender == Gender::male; }), 47063);
  EXPECT_EQ(count([](const CatalogRow& row) { return row.gender == Gender::female; }), 12622);
  EXPECT_EQ(count([](const CatalogRow& row) { return row.gender == Gender::unknown; }), 2643);
  EXPECT_EQ(count([](const CatalogRow& row) { return std::isinf(row.face_score); }), 18016);
  EXPECT_EQ(count([](const CatalogRow& row) { return std::isfinite(row.face_score) && row.face_score < 1; }), 1319);
  EXPECT_EQ(count([](const CatalogRow& row) { return std::isnan(row.second_face_score); }), 58232);
}

// Numbers from scipy's reading of the same file: 5,160 names are stored as UTF-16, those that ASCII cannot hold.
TEST_F(Wiki, names_come_in_both_encodings_and_124_are_empty) {
  EXPECT_EQ(count([](const CatalogRow& row) { return row.person.empty(); }), 124);
  EXPECT_EQ(count([](const CatalogRow& row) {
              return std::any_of(row.person.str().begin(), row.person.str().end(),
                                 [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
            }),
            5160);
  std::size_t bytes = 0;
  for (const CatalogRow& row : rows()) bytes += row.person.str().size();
  EXPECT_EQ(bytes, 839612U);
}

TEST_F(Wiki, boxes_begin_below_one_in_628_rows) {
  EXPECT_EQ(count([](const CatalogRow& row) { return row.face && (row.face->left < 0 || row.face->top < 0); }), 628);
}

TEST_F(Wiki, ages_by_the_mid_year_rule_run_from_minus_74_to_1996) {
  auto age = [](const CatalogRow& row) { return age_of(row, recipe::AgeRule::mid_year); };
  auto [least, most] =
      std::minmax_element(rows().begin(), rows().end(), [&](const auto& a, const auto& b) { return age(a) < age(b); });
  EXPECT_EQ(age(*least), -74);
  EXPECT_EQ(age(*most), 1996);
  EXPECT_EQ(count([&](const CatalogRow& row) { return age(row) < 0; }), 1288);
  EXPECT_EQ(count([&](const CatalogRow& row) { return age(row) > 100; }), 493);
  EXPECT_EQ(count([&](const CatalogRow& row) { return age(row) == 0; }), 98);
}

TEST_F(Wiki, age_rules_differ_in_the_known_numbers_of_rows) {
  EXPECT_EQ(ages_that_differ(recipe::AgeRule::mid_year, recipe::AgeRule::birth_month), 187);
  EXPECT_EQ(ages_that_differ(recipe::AgeRule::year_difference, recipe::AgeRule::birth_month), 30768);
  EXPECT_EQ(ages_that_differ(recipe::AgeRule::year_difference, recipe::AgeRule::mid_year), 30581);
}

TEST_F(Wiki, default_screening_by_birth_month_keeps_38874_rows) {
  recipe::ScreenRecipe recipe;
  recipe.age_rule = recipe::AgeRule::birth_month;
  EXPECT_EQ(kept(recipe), 38874);
}

TEST_F(Wiki, the_articles_inverted_filter_keeps_4090_and_without_an_upper_age_4094) {
  recipe::ScreenRecipe recipe = recipe::load_recipe("seed-as-published").screen;
  EXPECT_EQ(kept(recipe), 4090);
  recipe.max_age = std::numeric_limits<double>::infinity();
  EXPECT_EQ(kept(recipe), 4094);
}

TEST_F(Wiki, with_known_genders_exactly_the_rows_of_another_program_are_kept) {
  recipe::ScreenRecipe recipe;
  recipe.age_rule = recipe::AgeRule::birth_month;
  recipe.gender = recipe::GenderRule::required;
  std::vector<std::string> ours, theirs;
  for (const CatalogRow& row : rows()) {
    if (screen(row, recipe) != Reason::none) continue;
    std::ostringstream line;
    line << (row.gender == Gender::male ? 1 : 0) << ',' << age_of(row, recipe.age_rule) << ',' << row.file;
    ours.push_back(line.str());
  }
  std::ifstream list(kCleanRows);
  std::string line;
  std::getline(list, line);
  while (std::getline(list, line)) theirs.push_back(line.substr(0, line.find_last_not_of("\r") + 1));
  ASSERT_EQ(ours.size(), 38138U);
  std::sort(ours.begin(), ours.end());
  std::sort(theirs.begin(), theirs.end());
  EXPECT_TRUE(ours == theirs);
}

}  // namespace
}  // namespace agewise::catalog
