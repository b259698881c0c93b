#include "agewise/catalog/age_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "agewise/base/text.h"

namespace agewise::catalog {
namespace {

// How the names of the months begin, as spreadsheets in English, German, French, Spanish, Italian and Portuguese write
// them.
using MonthNames = std::array<std::string_view, 5>;
constexpr std::array<MonthNames, 12> kMonths{{{"jan", "gen", "ene"},
                                              {"feb", "fev", "f\u00E9v"},
                                              {"mar", "mrz", "m\u00E4r"},
                                              {"apr", "avr", "abr"},
                                              {"may", "mai", "mag"},
                                              {"jun", "juin", "giu"},
                                              {"jul", "juil", "lug"},
                                              {"aug", "ago", "aou", "ao\u00FB"},
                                              {"sep", "set"},
                                              {"oct", "okt", "ott", "out"},
                                              {"nov"},
                                              {"dec", "dez", "dic", "d\u00E9c"}}};
constexpr std::array<std::string_view, 11> kNothing{"",    "na",      "n/a", "#n/a", "none", "null",
                                                    "nan", "unknown", "?",   "-",    "nil"};

// A text from which words and numbers are taken off at the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

  bool take(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  template <std::size_t N>
  bool take_any(const std::array<std::string_view, N>& words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return take(word); });
  }

  // Without a sign: a hyphen may stand between two numbers. With `decimal_comma` "25,5" is 25.5.
  std::optional<double> take_number(bool decimal_comma) {
    skip_blanks();
    std::size_t size = 0;
    while (size < rest_.size() && is_digit(rest_[size])) ++size;
    if (size == 0) return std::nullopt;
    bool fraction = size + 1 < rest_.size() && is_digit(rest_[size + 1]) &&
                    (rest_[size] == '.' || (decimal_comma && rest_[size] == ','));
    if (fraction) {
      ++size;
      while (size < rest_.size() && is_digit(rest_[size])) ++size;
    }
    std::string digits(rest_.substr(0, size));
    std::replace(digits.begin(), digits.end(), ',', '.');
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    rest_.remove_prefix(size);
    if (!fraction && rest_.starts_with('.') && !rest_.starts_with("..")) rest_.remove_prefix(1);  // "25."
    return value;
  }

  // 1 … 12, of "mar", "march", "okt" and the like.
  std::optional<double> take_month() {
    skip_blanks();
    for (std::size_t month = 0; month < kMonths.size(); ++month) {
      auto begins = [&](std::string_view name) { return !name.empty() && rest_.starts_with(name); };
      if (std::none_of(kMonths[month].begin(), kMonths[month].end(), begins)) continue;
      while (!rest_.empty() && is_letter(rest_.front())) rest_.remove_prefix(1);
      return static_cast<double>(month + 1);
    }
    return std::nullopt;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
  void skip_blanks() {
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
    while (rest_.starts_with("\xC2\xA0")) rest_.remove_prefix(2);  // no-break space
  }

  std::string_view rest_;
};

AgeText range(double low, double high) {
  if (low > high) return UnreadableAge{};
  if (low == high) return low;
  return age::Range{low, high};
}

// The last age of those below `limit`: 17 of 18, 17.5 of 17.5.
double below(double limit) { return limit == std::floor(limit) && limit >= 1 ? limit - 1 : limit; }

// "(25, 32)" of Adience, also with square brackets.
std::optional<AgeText> bracketed(Scanner scan) {
  if (!scan.take("(") && !scan.take("[")) return std::nullopt;
  std::optional<double> low = scan.take_number(false);
  if (!low || (!scan.take(",") && !scan.take(";") && !scan.take("-"))) return std::nullopt;
  std::optional<double> high = scan.take_number(false);
  if (!high || (!scan.take(")") && !scan.take("]")) || !scan.at_end()) return std::nullopt;
  return range(*low, *high);
}

std::optional<AgeText> open_range(Scanner scan) {
  static constexpr std::array<std::string_view, 5> kAbove{">=", ">", "more than", "over", "older than"};
  static constexpr std::array<std::string_view, 1> kUpTo{"<="};
  static constexpr std::array<std::string_view, 5> kBelow{"<", "less than", "under", "below", "younger than"};
  bool above = scan.take_any(kAbove), up_to = !above && scan.take_any(kUpTo);
  if (!above && !up_to && !scan.take_any(kBelow)) return std::nullopt;
  std::optional<double> limit = scan.take_number(true);
  if (!limit || !scan.at_end()) return std::nullopt;
  if (above) return age::Range{*limit};
  return range(0, up_to ? *limit : below(*limit));
}

// "9-Mar", "3-Sep", "Oct-19", "09. Sep": a day and a month that were two ages.
std::optional<AgeText> spreadsheet_date(Scanner scan) {
  static constexpr std::array<std::string_view, 3> kBetween{"-", ".", "/"};
  std::optional<double> month = scan.take_month(), day;
  if (month) {
    scan.take_any(kBetween);
    day = scan.take_number(false);
  } else {
    day = scan.take_number(false);
    scan.take_any(kBetween);
    month = scan.take_month();
    scan.take(".");
  }
  if (!month || !day || !scan.at_end()) return std::nullopt;
  return range(std::min(*month, *day), std::max(*month, *day));
}

// Years, months: what may stand behind an age; and nothing after it.
std::optional<double> unit(Scanner& scan) {
  static constexpr std::array<std::string_view, 7> kYears{"years", "year", "yrs", "yr", "yo", "y/o", "y"};
  static constexpr std::array<std::string_view, 4> kMonthsLong{"months", "month", "mths", "mo"};
  double part = scan.take_any(kMonthsLong) ? 1.0 / 12 : 1;
  if (part == 1) scan.take_any(kYears);
  scan.take(".");
  scan.take("old");
  scan.take("of age");
  return scan.at_end() ? std::optional(part) : std::nullopt;
}

std::optional<AgeText> two_numbers(Scanner scan) {
  static constexpr std::array<std::string_view, 8> kBetween{
      "-", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x88\x92", "to", "..", "~", "_"};
  std::optional<double> low = scan.take_number(true);
  if (!low || !scan.take_any(kBetween)) return std::nullopt;
  std::optional<double> high = scan.take_number(true);
  if (!high) return std::nullopt;
  std::optional<double> part = unit(scan);
  return part ? std::optional(range(*low * *part, *high * *part)) : std::nullopt;
}

std::optional<AgeText> one_number(Scanner scan) {
  static constexpr std::array<std::string_view, 6> kOrMore{"+",         "and over", "or over",
                                                           "and older", "or older", "and above"};
  scan.take("age");
  double sign = 1;
  if (scan.take("-")) {
    sign = -1;
  } else {
    scan.take("+");
  }
  std::optional<double> number = scan.take_number(true);
  if (!number) return std::nullopt;
  Scanner behind = scan;
  if (sign > 0 && behind.take_any(kOrMore) && unit(behind)) return age::Range{*number};
  std::optional<double> part = unit(scan);
  return part ? std::optional<AgeText>(sign * *number * *part) : std::nullopt;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

AgeText read_age(std::string_view text) {
  std::string said = base::lower(without_blanks(text));
  if (std::find(kNothing.begin(), kNothing.end(), said) != kNothing.end()) return NoAge{};
  for (auto reading : {bracketed, open_range, two_numbers, one_number, spreadsheet_date}) {
    if (std::optional<AgeText> age = reading(Scanner(said))) return *age;
  }
  return UnreadableAge{};
}

AgeText read_age(std::string_view low, std::string_view high) {
  AgeText from = read_age(low), to = read_age(high);
  if (std::holds_alternative<NoAge>(from) && std::holds_alternative<NoAge>(to)) return NoAge{};
  const double *first = std::get_if<double>(&from), *last = std::get_if<double>(&to);
  if (first != nullptr && last != nullptr) return range(*first, *last);
  if (first != nullptr && std::holds_alternative<NoAge>(to)) return age::Range{*first};
  if (last != nullptr && std::holds_alternative<NoAge>(from)) return range(0, *last);
  if (first != nullptr && (base::lower(high) == "inf" || base::lower(high) == "infinity")) return age::Range{*first};
  return UnreadableAge{};
}

}  // namespace agewise::catalog
