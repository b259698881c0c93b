// The commands and options of the program as plain texts, taken from CLI11: what --help prints, for manual pages and
// completions.
#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace agewise::app {

struct OptionText {
  std::vector<std::string> names;    // "-o", "--output"; of an argument its one name, "PICTURE"
  std::string value;                 // "TEXT"; empty for a flag
  std::vector<std::string> choices;  // the only values there are; empty: any
  std::string range;                 // "1 - 1024"; empty: none
  std::string initial;               // the default, if the program shows one
  std::vector<std::string> excludes;
  std::string description;
  bool required = false, repeats = false;
};

struct CommandText {
  std::string name;         // "predict"; of the program itself "agewise"
  std::string description;  // sentences, the last without its full stop
  std::vector<OptionText> arguments, options;
  std::vector<CommandText> commands;  // below it
};

// Without what is hidden from --help.
CommandText text_of(const CLI::App& command);

std::string first_sentence(const std::string& text);  // without its full stop

}  // namespace agewise::app
