// The program run as a user runs it, but with the default kernels: the same on every machine.
#pragma once
#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace agewise::app {

struct Outcome {
  int exit_code;
  std::string output;  // standard output and error together, unless `arguments` redirects one
};

// Any command line.
inline Outcome run_command(const std::string& command) {
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  Outcome outcome{-1, ""};
  std::array<char, 4096> buffer{};
  while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) outcome.output.append(buffer.data(), n);
  int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

inline Outcome run(const std::string& arguments) {
  return run_command(AGEWISE_PROGRAM " --kernels default " + arguments);
}

}  // namespace agewise::app
