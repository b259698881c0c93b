#include "agewise/catalog/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "agewise/base/text.h"

namespace agewise::catalog {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// NaN for what is no number; with a decimal comma or point.
double number_in(std::string_view text) {
  std::string digits(trimmed(text));
  std::replace(digits.begin(), digits.end(), ',', '.');
  double value = kNotANumber;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? value : kNotANumber;
}

// 0 or 1, also as "0.0" or "1.0", which pandas makes of a column with gaps.
std::int8_t gender_digit(std::string_view text) {
  double number = number_in(text);
  return number == 0 ? 0 : number == 1 ? 1 : static_cast<std::int8_t>(-1);
}

Gender gender_word(std::string_view text) {
  std::string word = base::lower(trimmed(text));
  static constexpr std::array<std::string_view, 5> kMale{"male", "m", "man", "boy", "men"};
  static constexpr std::array<std::string_view, 6> kFemale{"female", "f", "woman", "girl", "women", "w"};
  if (std::find(kMale.begin(), kMale.end(), word) != kMale.end()) return Gender::male;
  return std::find(kFemale.begin(), kFemale.end(), word) != kFemale.end() ? Gender::female : Gender::unknown;
}

// "train", "val", "test", empty for none; nothing for another word.
std::optional<std::string_view> split_word(std::string_view text) {
  static constexpr std::array<std::string_view, 2> kTrain{"train", "training"};
  static constexpr std::array<std::string_view, 6> kVal{"val", "valid", "validation", "validate", "dev", "development"};
  static constexpr std::array<std::string_view, 2> kTest{"test", "testing"};
  std::string word = base::lower(trimmed(text));
  auto is_in = [&](const auto& words) { return std::find(words.begin(), words.end(), word) != words.end(); };
  if (word.empty()) return "";
  if (is_in(kTrain)) return "train";
  if (is_in(kVal)) return "val";
  return is_in(kTest) ? std::optional<std::string_view>("test") : std::nullopt;
}

std::string with_slashes(std::string_view path) {
  std::string slashed(path);
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  return slashed;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return std::string(text.substr(0, kMost)) + (text.size() > kMost ? "…" : "");
}

}  // namespace agewise::catalog
