#include "agewise/prepare/name_index.h"

#include <gmock/gmock.h>

namespace agewise::prepare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<catalog::CatalogRow> named(const std::vector<std::string>& files) {
  std::vector<catalog::CatalogRow> rows;
  for (const std::string& file : files) {
    rows.emplace_back();
    rows.back().file = file;
  }
  return rows;
}

TEST(CommonSuffix, counts_whole_components) {
  EXPECT_EQ(common_suffix("17/a.jpg", "wiki_crop/17/a.jpg"), 2);
  EXPECT_EQ(common_suffix("7/a.jpg", "17/a.jpg"), 1);
  EXPECT_EQ(common_suffix("a.jpg", "ba.jpg"), 0);
  EXPECT_EQ(common_suffix("./17//a.jpg", "/x/17/./a.jpg"), 2);
  EXPECT_EQ(common_suffix("", "a.jpg"), 0);
}

TEST(NameIndex, finds_the_row_with_the_longest_common_suffix) {
  std::vector<catalog::CatalogRow> rows = named({"16/a.jpg", "17/a.jpg", "17/b.jpg"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("wiki_crop/17/a.jpg").rows, ElementsAre(1));
  EXPECT_THAT(index.find("b.jpg").rows, ElementsAre(2));
  EXPECT_THAT(index.find("17/c.jpg").rows, IsEmpty());
}

TEST(NameIndex, gives_all_rows_that_fit_equally_well) {
  std::vector<catalog::CatalogRow> rows = named({"16/a.jpg", "17/a.jpg"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("a.jpg").rows, ElementsAre(0, 1));
  EXPECT_THAT(index.find("18/a.jpg").rows, ElementsAre(0, 1));
}

}  // namespace
}  // namespace agewise::prepare
