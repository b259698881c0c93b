// Days as MATLAB counts them, which is how IMDB-WIKI stores dates of birth (reference: MATLAB's datenum).
#pragma once
#include <cstdint>
#include <optional>

namespace agewise::base {

struct Date {
  int year;   // proleptic Gregorian; year 0 exists
  int month;  // 1..12
  int day;    // 1..31
  friend bool operator==(const Date&, const Date&) = default;
};

// Day 1 is 1 January of year 0; 1 January 1970 is day 719,529. `date` must be valid.
std::int64_t matlab_day(Date date);

Date date_of_matlab_day(std::int64_t day);

// Whether the calendar has such a day: 29 February 1900 it has not.
bool is_valid(Date date);

// Years completed on `day` by someone born on `born`; negative if born later. Who was born on 29 February has the
// birthday on 1 March in other years.
int completed_years(Date born, Date day);

}  // namespace agewise::base
