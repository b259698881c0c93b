// What a cell of a label table, or the name of a folder, says of an age.
#pragma once
#include <optional>
#include <string_view>
#include <variant>

#include "agewise/age/range.h"

namespace agewise::catalog {

struct NoAge {};          // nothing is said: "", "NA", "None", "null", "NaN", "unknown", "?", "-", "#N/A"
struct UnreadableAge {};  // something is said, but no age: "adult", "12x", "31-20"

using AgeText = std::variant<NoAge, UnreadableAge, double, age::Range>;

// Reads, in any case and with blanks around it:
//   an age       "25", "25.5", "25,5", "+25", "-3" (a number that screening rejects), "25 years", "25 yrs old", "25y",
//                "8 months" (8/12 of a year)
//   a range      "20-29" with a hyphen or a dash, "20 to 29", "20..29", "(25, 32)", "[25, 32]", "70+", "> 70", ">= 70",
//                "more than 70", "over 70", "70 and over", "70 or older"; "< 18" and "under 18" end at 17
//   a range that a spreadsheet took for a date: "9-Mar" and "3-Sep" were "3-9", "Oct-19" was "10-19"
// "more than 70" and its kin begin at 70: FairFace calls those over 69 so. A range of one age is that age.
AgeText read_age(std::string_view text);

// The two columns of a range; an empty one leaves that end open.
AgeText read_age(std::string_view low, std::string_view high);

}  // namespace agewise::catalog
