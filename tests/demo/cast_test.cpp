#include "demo/cast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "agewise/base/date.h"

namespace agewise::demo {
namespace {

catalog::CatalogRow catalog_row(const WikiRow& row) {
  catalog::CatalogRow as_read;
  as_read.born = row.dob;
  as_read.taken = row.photo_taken;
  return as_read;
}

TEST(Cast, is_as_old_as_its_dates_say_by_the_mid_year_rule) {
  for (const CastMember& member : make_cast(500, 1)) {
    double age = catalog::age_of(catalog_row(member.row), recipe::AgeRule::mid_year);
    if (member.flaw == Flaw::impossible_age) {
      EXPECT_TRUE(!(age >= 0) || age > 100) << age;
    } else {
      EXPECT_EQ(age, member.age);
    }
  }
}

// The whole year before the first of July counts alike: born from 2 July 1970 to 1 July 1971 is 29 on 1 July 2000.
TEST(Cast, is_born_within_the_year_that_makes_the_age) {
  base::Random random(1, base::Purpose::test);
  std::set<int> months;
  for (int i = 0; i < 1000; ++i) {
    base::Date born = base::date_of_matlab_day(static_cast<std::int64_t>(day_of_birth(29, 2000, random)));
    EXPECT_EQ(base::completed_years(born, {2000, 7, 1}), 29);
    months.insert(born.month);
  }
  EXPECT_EQ(months.size(), 12U);
}

// docs/imdb-wiki.md: a picture of wiki.mat is called 17/10000217_1981-05-05_2009.jpg.
TEST(Cast, names_its_files_as_imdb_wiki_does) {
  double born = static_cast<double>(base::matlab_day({1981, 5, 5}));
  EXPECT_EQ(wiki_path(10000217, born, 2009), "17/10000217_1981-05-05_2009.jpg");
}

TEST(Cast, has_every_flaw_and_mostly_none) {
  std::map<Flaw, int> count;
  for (const CastMember& member : make_cast(3000, 1)) ++count[member.flaw];
  EXPECT_EQ(count.size(), 13U);
  EXPECT_GT(count[Flaw::none], 2000);
}

TEST(Cast, of_more_people_begins_with_the_same) {
  std::vector<CastMember> few = make_cast(10, 7), many = make_cast(50, 7);
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].row.full_path, many[i].row.full_path);
  EXPECT_NE(make_cast(10, 8)[0].row.full_path, few[0].row.full_path);
}

TEST(Cast, marks_faces_as_imdb_wiki_does) {
  for (const CastMember& member : make_cast(1000, 3)) {
    EXPECT_EQ(member.flaw == Flaw::no_face, member.row.face_score == kNoFace);
    EXPECT_EQ(member.flaw == Flaw::second_face, !std::isnan(member.row.second_face_score));
    EXPECT_EQ(member.flaw == Flaw::unknown_gender, std::isnan(member.row.gender));
    EXPECT_EQ(member.flaw == Flaw::blanks_in_path, member.row.full_path.ends_with(' '));
  }
}

}  // namespace
}  // namespace agewise::demo
