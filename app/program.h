// The command line of agewise, whichever program it is typed for.
#pragma once
#include <string>

#include "app/commands.h"

namespace agewise::app {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

// How a command has ended: what it threw is one line, "agewise: …".
struct Ending {
  ExitCode code = kDone;
  std::string printed;  // for standard output, beyond what the command has printed: help
  std::string error;    // for standard error
};

// Reads the command line into `context`, whose members are the defaults, and runs one command. Throws nothing.
Ending run_program(int argc, char** argv, Context context);

}  // namespace agewise::app
