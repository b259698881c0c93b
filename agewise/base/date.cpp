#include "agewise/base/date.h"

#include <chrono>

namespace agewise::base {
namespace {

constexpr std::int64_t kMatlabDayOf1970 = 719529;

std::chrono::year_month_day chrono_date(Date date) {
  return std::chrono::year(date.year) / std::chrono::month(static_cast<unsigned>(date.month)) /
         std::chrono::day(static_cast<unsigned>(date.day));
}

}  // namespace

std::int64_t matlab_day(Date date) {
  return std::chrono::sys_days(chrono_date(date)).time_since_epoch().count() + kMatlabDayOf1970;
}

Date date_of_matlab_day(std::int64_t day) {
  std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(day - kMatlabDayOf1970)));
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

bool is_valid(Date date) { return date.month > 0 && date.day > 0 && chrono_date(date).ok(); }

int completed_years(Date born, Date day) {
  bool before_birthday = day.month < born.month || (day.month == born.month && day.day < born.day);
  return day.year - born.year - (before_birthday ? 1 : 0);
}

}  // namespace agewise::base
