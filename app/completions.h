// What the shells offer when Tab is pressed. Options of a command below a command (`bench photographs`) are offered
// with those of the upper one.
#pragma once
#include <string>

#include "app/command_texts.h"

namespace agewise::app {

// Each takes the program's own texts and returns a script, as the shell reads it from its folder of completions.
std::string bash_completion(const CommandText& program);
std::string zsh_completion(const CommandText& program);
std::string fish_completion(const CommandText& program);

}  // namespace agewise::app
