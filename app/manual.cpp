// agewise manual FOLDER: the manual pages and completions, written at build from what --help prints.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "agewise/base/files.h"
#include "app/command_texts.h"
#include "app/commands.h"
#include "app/completions.h"

namespace agewise::app {
namespace {

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nFailed; standard error says why.\n.TP\n2\nWrong usage.\n.TP\n130\n"
    "Interrupted; the work done so far is saved, and rerunning the same command resumes it where possible.\n";

// As man(7) shows it literally: no escapes, no requests at a line's beginning, minus signs that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string value_of(const OptionText& option) {
  if (option.value.empty()) return "";
  return " " + italic(option.choices.empty() ? option.value : fmt::format("{}", fmt::join(option.choices, "|")));
}

std::string description_of(const OptionText& option) {
  std::string text = option.description + ".";
  if (!option.range.empty()) text += " Range: " + option.range + ".";
  if (!option.initial.empty()) text += " Default: " + option.initial + ".";
  if (!option.excludes.empty()) text += fmt::format(" Not together with {}.", fmt::join(option.excludes, ", "));
  return roff(text) + "\n";
}

std::string entry(const OptionText& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(bold(name));
  return fmt::format(".TP\n{}{}\n{}", fmt::join(names, ", "), value_of(option), description_of(option));
}

std::string argument_entry(const OptionText& argument) {
  return ".TP\n" + italic(argument.names.front()) + "\n" + description_of(argument);
}

std::string synopsis(const std::string& call, const CommandText& command) {
  std::string text = fmt::format(".SH SYNOPSIS\n{} [{}]", bold(call), italic("OPTION") + "...");
  for (const OptionText& argument : command.arguments) {
    std::string one = italic(argument.names.front()) + (argument.repeats ? "..." : "");
    text += argument.required ? " " + one : " [" + one + "]";
  }
  if (command.arguments.empty() && !command.commands.empty()) text += " " + italic("COMMAND") + " ...";
  return text + "\n";
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

struct Release {
  std::string version, date;
};

using Pages = std::vector<std::pair<std::string, std::string>>;  // names without the section, and texts

std::string page_name(std::string call) {
  std::replace(call.begin(), call.end(), ' ', '-');
  return call;
}

// `call`: "agewise bench photographs"; `common`: the program's own options, which may follow each command.
std::string page_of(const std::string& call, const CommandText& command, const std::vector<OptionText>& common,
                    const Release& release) {
  std::string page =
      fmt::format(".TH {} 1 \"{}\" \"agewise {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n", upper(page_name(call)),
                  release.date, release.version, roff(page_name(call)), roff(first_sentence(command.description)));
  page += synopsis(call, command) + ".SH DESCRIPTION\n" + roff(command.description + ".") + "\n";
  for (const OptionText& argument : command.arguments) page += argument_entry(argument);
  if (!command.commands.empty()) page += ".SH COMMANDS\n";
  for (const CommandText& below : command.commands) {
    std::string name = page_name(call + " " + below.name);
    page += fmt::format(".TP\n{}\n{} See {}(1).\n", bold(below.name), roff(below.description + "."), bold(name));
  }
  page += ".SH OPTIONS\n";
  for (const OptionText& option : command.options) page += entry(option);
  if (!common.empty()) page += ".SS Options of all commands\n";
  for (const OptionText& option : common) page += entry(option);
  return page + kExitStatus;
}

void add_pages(const std::string& call, const CommandText& command, const std::vector<OptionText>& common,
               const Release& release, Pages& pages) {
  std::string page = page_of(call, command, common, release);
  page += ".SH SEE ALSO\n" +
          (common.empty() ? "The folder /usr/share/doc/agewise, or docs in the sources" : bold("agewise") + "(1)") +
          "\n";
  pages.emplace_back(page_name(call), page);
  // What the program offers to all, other than --help, which each has, and --version.
  std::vector<OptionText> inherited = common;
  if (common.empty()) {
    for (const OptionText& option : command.options)
      if (option.names.back() != "--help" && option.names.back() != "--version") inherited.push_back(option);
  }
  for (const CommandText& below : command.commands)
    add_pages(call + " " + below.name, below, inherited, release, pages);
}

void write(const std::filesystem::path& folder, const CommandText& program, const Release& release) {
  namespace fs = std::filesystem;
  Pages pages;
  add_pages(program.name, program, {}, release, pages);
  fs::create_directories(folder);
  for (const auto& [name, text] : pages) base::write_file(folder / (name + ".1"), text);
  base::write_file(folder / "agewise.bash", bash_completion(program));
  base::write_file(folder / "agewise.zsh", zsh_completion(program));
  base::write_file(folder / "agewise.fish", fish_completion(program));
}

}  // namespace

void add_manual(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("manual", "Write the manual pages, and completions for bash, zsh and fish, to a folder");
  command->group("");  // of use when agewise is built and packed: hidden
  auto folder = std::make_shared<std::string>();
  auto date = std::make_shared<std::string>();
  command->add_option("FOLDER", *folder, "Folder to write to")->required();
  command->add_option("--date", *date, "Date for the pages' foot: YYYY-MM-DD")->required();
  command->callback([&program, folder, date] {
    CommandText texts = text_of(program);
    texts.name = "agewise";  // CLI11 has it as it was called, with its folder
    write(*folder, texts, {AGEWISE_VERSION, *date});
  });
}

}  // namespace agewise::app
