#include "app/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace agewise::app {
namespace {

constexpr const char* kHead = "# Made from the program's own help by `agewise manual`.\n";

bool shares_a_name(const OptionText& option, const std::vector<OptionText>& options) {
  return std::any_of(options.begin(), options.end(), [&](const OptionText& one) {
    return std::find_first_of(one.names.begin(), one.names.end(), option.names.begin(), option.names.end()) !=
           one.names.end();
  });
}

void add_new(const std::vector<OptionText>& more, std::vector<OptionText>& options) {
  for (const OptionText& option : more) {
    if (!shares_a_name(option, options)) options.push_back(option);
  }
}

// Its own, those of the commands below it, and the program's, which may follow any command; of one name the first.
std::vector<OptionText> options_of(const CommandText& command, const CommandText& program) {
  std::vector<OptionText> options = command.options;
  for (const CommandText& below : command.commands) add_new(below.options, options);
  add_new(program.options, options);
  return options;
}

std::vector<std::string> names_of(const std::vector<OptionText>& options) {
  std::vector<std::string> names;
  for (const OptionText& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> names_of(const std::vector<CommandText>& commands) {
  std::vector<std::string> names;
  for (const CommandText& command : commands) names.push_back(command.name);
  return names;
}

bool is_number(const OptionText& option) {
  return option.value == "INT" || option.value == "UINT" || option.value == "FLOAT";
}

// With a backslash before each character of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// In single quotes, as bash and zsh read them.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// What fits on a line beside an option.
std::string short_text(const std::string& description) {
  return first_sentence(description.substr(0, description.find(';')));
}

// One case of bash's `case $command`: the words that it may go on with, then what follows an option with a value: its
// choices, or nothing, so that files are offered.
std::string bash_case(const std::string& pattern, const std::vector<OptionText>& options,
                      const std::vector<CommandText>& commands) {
  std::string text = fmt::format("    {})\n      options=\"{}\" words=\"{}\"\n      case $previous in\n", pattern,
                                 fmt::join(names_of(options), " "), fmt::join(names_of(commands), " "));
  std::vector<std::string> free;
  for (const OptionText& option : options) {
    if (option.value.empty()) continue;
    if (option.choices.empty()) {
      free.insert(free.end(), option.names.begin(), option.names.end());
    } else {
      text += fmt::format("        {}) options= words=\"{}\" ;;\n", fmt::join(option.names, "|"),
                          fmt::join(option.choices, " "));
    }
  }
  return text + fmt::format("        {}) options= words= ;;\n      esac ;;\n", fmt::join(free, "|"));
}

std::string zsh_value(const OptionText& option) {
  if (option.value.empty()) return "";
  std::string action = is_number(option) ? " " : "_files";
  if (!option.choices.empty()) action = fmt::format("({})", fmt::join(option.choices, " "));
  return ":" + escaped(option.value, ":") + ":" + action;
}

std::string zsh_options(const std::vector<OptionText>& options) {
  std::string specs;
  for (const OptionText& option : options) {
    for (const std::string& name : option.names) {
      std::string spec = fmt::format("{}{}[{}]{}", option.repeats ? "*" : "", name,
                                     escaped(short_text(option.description), "[]\\:"), zsh_value(option));
      specs += " \\\n          " + shell_quoted(spec);
    }
  }
  return specs;
}

std::string fish_quoted(std::string_view text) { return "'" + escaped(text, "'\\") + "'"; }

std::string fish_options(const std::string& condition, const std::vector<OptionText>& options) {
  std::string lines;
  for (const OptionText& option : options) {
    lines += "complete -c agewise" + condition;
    for (const std::string& name : option.names)
      lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (!option.value.empty()) lines += is_number(option) || !option.choices.empty() ? " -x" : " -r";
    if (!option.choices.empty()) lines += fmt::format(" -a '{}'", fmt::join(option.choices, " "));
    lines += " -d " + fish_quoted(short_text(option.description)) + "\n";
  }
  return lines;
}

}  // namespace

std::string bash_completion(const CommandText& program) {
  std::string cases = bash_case("''", program.options, program.commands);
  for (const CommandText& command : program.commands)
    cases += bash_case(command.name, options_of(command, program), command.commands);
  return fmt::format(R"(# bash completion for agewise
{}_agewise() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= options= words= word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      {}) command=$word; break ;;
    esac
  done
  case $command in
{}  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}}
complete -o default -F _agewise agewise
)",
                     kHead, fmt::join(names_of(program.commands), "|"), cases);
}

std::string zsh_completion(const CommandText& program) {
  std::string commands, cases;
  for (const CommandText& command : program.commands) {
    commands += "        " + shell_quoted(command.name + ":" + short_text(command.description)) + "\n";
    cases += fmt::format("        {}) _arguments{}", command.name, zsh_options(options_of(command, program)));
    if (!command.commands.empty())
      cases += fmt::format(" \\\n          '1::command:({})'", fmt::join(names_of(command.commands), " "));
    cases += " \\\n          '*:file:_files' ;;\n";
  }
  return fmt::format(R"(#compdef agewise
{}_agewise() {{
  local context state state_descr line
  local -a commands
  typeset -A opt_args
  _arguments -C{} \
          '1: :->command' '*:: :->rest'
  case $state in
    command)
      commands=(
{}      )
      _describe command commands ;;
    rest)
      case $words[1] in
{}      esac ;;
  esac
}}
_agewise "$@"
)",
                     kHead, zsh_options(program.options), commands, cases);
}

std::string fish_completion(const CommandText& program) {
  const std::string none = " -n __fish_use_subcommand";  // in which a command may still follow
  std::string text = "# fish completion for agewise\n" + std::string(kHead) + fish_options(none, program.options);
  for (const CommandText& command : program.commands) {
    std::string here = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
    text += fmt::format("complete -c agewise -f{} -a {} -d {}\n", none, command.name,
                        fish_quoted(short_text(command.description)));
    text += fish_options(here, options_of(command, program));
    for (const CommandText& below : command.commands) {
      text += fmt::format("complete -c agewise{} -a {} -d {}\n", here, below.name,
                          fish_quoted(short_text(below.description)));
    }
  }
  return text;
}

}  // namespace agewise::app
