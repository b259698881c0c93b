#include "agewise/catalog/label_options.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/catalog/columns.h"
#include "agewise/catalog/names.h"
#include "agewise/catalog/words.h"

namespace agewise::catalog {
namespace {

// "1=male" and "0=female" say the same.
Gender meaning_of_one(std::string_view text) {
  std::size_t middle = text.find('=');
  std::string_view digit = text.substr(0, middle);
  Gender gender = middle == std::string_view::npos ? Gender::unknown : gender_word(text.substr(middle + 1));
  if ((digit != "0" && digit != "1") || gender == Gender::unknown)
    throw base::UsageError(fmt::format("--gender {}: expected 1=male or 1=female", text));
  if (digit == "1") return gender;
  return gender == Gender::male ? Gender::female : Gender::male;
}

std::string known_forms() {
  std::vector<std::string_view> keys;
  for (const NameForm& form : name_forms()) keys.push_back(form.key);
  return fmt::format("{}", fmt::join(keys, ", "));
}

constexpr std::array<std::string_view, 3> kKeys{"columns ", "gender ", "names "};

}  // namespace

LabelOptions parse_label_options(std::string_view columns, std::string_view gender, std::string_view names) {
  LabelOptions options;
  options.columns = parse_columns(columns);
  if (!gender.empty()) options.one = meaning_of_one(gender);
  options.names = base::lower(names);
  if (!names.empty() && name_form(options.names) == nullptr)
    throw base::UsageError(fmt::format("--names {}: unknown form of names; known forms are {}", names, known_forms()));
  return options;
}

std::string to_text(const LabelOptions& options) {
  std::vector<std::string> lines;
  if (!options.columns.empty()) lines.push_back(fmt::format("{}{}", kKeys[0], to_text(options.columns)));
  if (options.one != Gender::unknown)
    lines.push_back(fmt::format("{}1={}", kKeys[1], options.one == Gender::male ? "male" : "female"));
  if (!options.names.empty()) lines.push_back(fmt::format("{}{}", kKeys[2], options.names));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

LabelOptions label_options_in(std::string_view lines) {
  std::array<std::string_view, 3> found;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      // A label file may be called "names x.csv", too: its line goes on with what it holds.
      if (line.starts_with(kKeys[i]) && !line.ends_with(')')) found[i] = line.substr(kKeys[i].size());
    }
  }
  return parse_label_options(found[0], found[1], found[2]);
}

LabelOptions filled_up(LabelOptions options, const LabelOptions& earlier) {
  if (options.columns.empty()) options.columns = earlier.columns;
  if (options.one == Gender::unknown) options.one = earlier.one;
  if (options.names.empty()) options.names = earlier.names;
  return options;
}

}  // namespace agewise::catalog
