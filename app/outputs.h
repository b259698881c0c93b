// Files that a command writes where the user says. What agewise wrote itself it may replace; what is the user's only
// with --force; what the command reads never.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace agewise::app {

// How agewise knows a file of its own:
enum class OutputKind {
  safetensors,  // by its metadata
  onnx,         // by its producer
  png,          // by the software that it names
  csv,          // by the columns of `info --list` and of `predict --csv`
  html,         // by the generator that it names
  unmarked,     // not at all
};

// --force
void add_force_option(CLI::App& command, bool& force);

// Before any work. Throws UsageError if `file` is one of `inputs`, by whatever name; or if something is there that
// agewise has not written as a file of this kind, and not `force`. An empty file may be replaced; into a stream
// (/dev/null, a pipe) it writes. A run's checkpoints are not for other commands to replace.
void check_output(const std::filesystem::path& file, OutputKind kind, bool force,
                  const std::vector<std::filesystem::path>& inputs);

}  // namespace agewise::app
