#include "app/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/nearest.h"
#include "agewise/base/text.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20;

using Values = std::vector<std::string>;

// Those that may be set so: not --help, --version and the option that names the file.
std::vector<CLI::Option*> options_of(CLI::App& command) {
  std::vector<CLI::Option*> options;
  for (CLI::App* app : {&command, command.get_parent()}) {
    for (CLI::Option* option : app->get_options([](const CLI::Option* one) { return one->get_configurable(); }))
      options.push_back(option);
  }
  return options;
}

// "max-body" for --max-body.
CLI::Option* find(CLI::App& command, const std::string& name) {
  for (CLI::Option* option : options_of(command))
    if (option->get_single_name() == name) return option;
  return nullptr;
}

std::string nearest(CLI::App& command, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(command)) names.push_back(option->get_single_name());
  return base::nearest_name(name, names);
}

// `place` is what an error begins with.
void give(CLI::Option& option, const Values& values, const std::string& place) try {
  if (option.count() > 0) return;                       // what counts more has given it
  bool is_flag = option.get_items_expected_max() == 0;  // CLI11 takes a number above 0 for true
  for (const std::string& value : values) {
    if (is_flag && value != "true" && value != "false") throw base::UsageError(place + ": must be true or false");
    option.add_result(value);
  }
  option.run_callback();
} catch (const CLI::Error& problem) {
  throw base::UsageError(place + ": " + problem.what());
}

// "AGEWISE_SERVE_MAX_BODY" for "agewise-serve-max-body".
std::string variable_of(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

void read_environment(CLI::App& command) {
  const std::string prefix = variable_of("agewise-" + command.get_name() + "-");
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry, name = text.substr(0, text.find('='));
    if (!name.starts_with(prefix)) continue;
    std::string value = text.substr(std::min(text.size(), name.size() + 1));
    std::string asked = base::lower(name.substr(prefix.size()));
    std::replace(asked.begin(), asked.end(), '_', '-');
    CLI::Option* option = find(command, asked);
    if (option == nullptr && asked != "config") {
      warn(fmt::format("{} in the environment is not an option; did you mean {}?", name,
                       prefix + variable_of(nearest(command, asked))));
    } else if (option != nullptr && !value.empty()) {
      bool several = option->get_items_expected_max() > 1;
      give(*option, several ? CLI::detail::split(value, ',') : Values{value}, name);
    }
  }
}

std::optional<std::string> text_of(const toml::node& node) {
  if (node.is_string()) return node.value<std::string>();
  if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
  if (node.is_integer()) return std::to_string(*node.value<std::int64_t>());
  if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
  return std::nullopt;
}

std::optional<Values> values_of(const toml::node& node) {
  Values values;
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    std::optional<std::string> one = text_of(node);
    return one ? std::optional(Values{*one}) : std::nullopt;
  }
  for (const toml::node& item : *list) {
    std::optional<std::string> one = text_of(item);
    if (!one) return std::nullopt;
    values.push_back(*one);
  }
  return values;
}

void read_file(CLI::App& command, const std::string& file) {
  toml::table table;
  std::string text = base::read_text_file(file, kLargestFile);
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw base::UsageError(fmt::format("{}, line {}: {}", file, error.source().begin.line, error.description()));
  }
  for (const auto& [key, node] : table) {
    std::string name(key.str()), place = fmt::format("{}, line {}: {}", file, node.source().begin.line, name);
    CLI::Option* option = find(command, name);
    if (option == nullptr)
      throw base::UsageError(fmt::format("{} is not an option; did you mean {}?", place, nearest(command, name)));
    std::optional<Values> values = values_of(node);
    if (!values) throw base::UsageError(place + " must be a string, a number, true or false, or a list of these");
    if (!values->empty()) give(*option, *values, place);
  }
}

}  // namespace

void complete_options(CLI::App& command, const std::string& file) {
  read_environment(command);
  if (!file.empty()) read_file(command, file);
}

}  // namespace agewise::app
