#include "agewise/catalog/persons.h"

#include <gmock/gmock.h>

#include <array>

namespace agewise::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ByPerson, gathers_those_of_one_name_in_the_order_in_which_persons_first_appear) {
  std::array<std::string_view, 5> persons{"Zoe", "Al", "Zoe", "Bo", "Al"};
  EXPECT_THAT(by_person(persons), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 4), ElementsAre(3)));
}

TEST(ByPerson, leaves_alone_who_has_no_name) {
  std::array<std::string_view, 4> persons{"", "Al", "", "Al"};
  EXPECT_THAT(by_person(persons), ElementsAre(ElementsAre(0), ElementsAre(1, 3), ElementsAre(2)));
  EXPECT_THAT(by_person({}), IsEmpty());
}

}  // namespace
}  // namespace agewise::catalog
