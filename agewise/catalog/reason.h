// Why a label row is not used.
#pragma once
#include <string_view>

namespace agewise::catalog {

// The first group is decided from labels alone, the second by looking at pictures. The numbers are stored in faces.db:
// never reorder, only append.
enum class Reason : int {
  none = 0,
  unknown_date,
  age_below_minimum,
  age_above_maximum,
  no_face,
  low_face_score,
  second_face,
  no_second_face,
  unknown_gender,
  balanced_away,
  unknown_age,
  unreadable_age,
  wrong_columns,
  no_file_named,
  unknown_part,
  no_such_file = 100,
  ambiguous_name,
  undecodable,
  too_small,
  bad_face_box,
  no_face_found,
};

// A few words for people and reports: "no such file".
std::string_view describe(Reason reason);

}  // namespace agewise::catalog
