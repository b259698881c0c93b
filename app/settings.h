// Options that may also stand in the environment or in a file.
#pragma once
#include <string>

namespace CLI {
class App;
}

namespace agewise::app {

// Gives each option of `command`, or of the program above it, that the command line left out the value that the
// environment has for it, or else that of the TOML file `file` ("": none). In the file an option is called as on the
// command line (max-body = 8); in the environment AGEWISE_SERVE_MAX_BODY, of several values with commas between them.
// For a command's callback, before it looks at its options. Throws UsageError naming the variable, or file and line,
// where there is no such option in the file or the value is none of its; a variable that is no option's is warned of.
void complete_options(CLI::App& command, const std::string& file);

}  // namespace agewise::app
