#include "app/command_texts.h"

#include <CLI/CLI.hpp>

namespace agewise::app {
namespace {

// CLI11 joins an option's type and the descriptions of its checks: "TEXT:{all,model}", "INT:INT in [1 - 1024]".
void read_type(const std::string& type, OptionText& text) {
  std::size_t colon = std::min(type.find(':'), type.size());
  text.value = type.substr(0, colon);
  std::string check = type.substr(std::min(colon + 1, type.size()));
  if (check.starts_with('{') && check.ends_with('}')) {
    text.choices = CLI::detail::split(check.substr(1, check.size() - 2), ',');
  } else if (std::size_t open = check.find('['); open != std::string::npos && check.ends_with(']')) {
    text.range = check.substr(open + 1, check.size() - open - 2);
  }
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  if (option.get_positional()) text.names.push_back(option.get_name(true));
  for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) read_type(option.get_type_name(), text);
  text.initial = option.get_default_str();
  for (const CLI::Option* other : option.get_excludes()) text.excludes.push_back(other->get_name());
  text.description = option.get_description();
  text.required = option.get_required();
  text.repeats = option.get_items_expected_max() > 1;
  return text;
}

}  // namespace

CommandText text_of(const CLI::App& command) {
  CommandText text{command.get_name(), command.get_description(), {}, {}, {}};
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_group().empty())
      (option->get_positional() ? text.arguments : text.options).push_back(text_of(*option));
  }
  for (const CLI::App* below : command.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    text.commands.push_back(text_of(*below));
  return text;
}

std::string first_sentence(const std::string& text) { return text.substr(0, text.find(". ")); }

}  // namespace agewise::app
