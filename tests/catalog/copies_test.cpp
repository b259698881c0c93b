#include "agewise/catalog/copies.h"

#include <gmock/gmock.h>

namespace agewise::catalog {
namespace {

using testing::ElementsAre;

struct Row {
  const char* person;
  const char* split;
};

std::vector<Split> kept_together(const std::vector<Row>& rows, const std::vector<std::vector<std::size_t>>& groups,
                                 const std::vector<Split>& splits) {
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < rows.size(); ++i)
    placed.push_back({rows[i].person, splits[i], std::string_view(rows[i].split) != ""});
  return kept_together(placed, groups);
}

TEST(KeepTogether, moves_copies_to_the_part_of_the_first) {
  EXPECT_THAT(kept_together({{"", ""}, {"", ""}, {"", ""}}, {{0, 2}}, {Split::test, Split::train, Split::train}),
              ElementsAre(Split::test, Split::train, Split::test));
}

TEST(KeepTogether, takes_the_persons_of_copies_along) {
  std::vector<Row> rows{{"", ""}, {"ann", ""}, {"ann", ""}, {"bob", ""}};
  EXPECT_THAT(kept_together(rows, {{0, 1}}, {Split::train, Split::test, Split::test, Split::test}),
              ElementsAre(Split::train, Split::train, Split::train, Split::test));
}

TEST(KeepTogether, leaves_what_the_labels_say_and_follows_it) {
  EXPECT_THAT(
      kept_together({{"", ""}, {"", "val"}, {"", "train"}}, {{0, 1, 2}}, {Split::test, Split::val, Split::train}),
      ElementsAre(Split::val, Split::val, Split::train));
}

TEST(KeepTogether, changes_nothing_where_there_are_no_copies) {
  EXPECT_THAT(kept_together({{"ann", ""}, {"ann", ""}}, {}, {Split::test, Split::train}),
              ElementsAre(Split::test, Split::train));
}

}  // namespace
}  // namespace agewise::catalog
