// The subcommands. Each stands in app/COMMAND.cpp, adds itself to the program and runs in CLI11's callback; what it
// throws becomes one line on stderr and an exit code (program.cpp): UsageError 2, Interrupted 130, all else 1.
#pragma once
#include <string>

#include "agewise/base/communicator.h"
#include "agewise/base/progress.h"

namespace CLI {
class App;
}

namespace agewise::app {

// What every command gets from the program around it. Filled in before a command's callback runs, not when it is added.
struct Context {
  int threads = 1;                   // --threads, by default all processors
  std::string isa;                   // --isa: "avx2", "avx512", or empty for the best that the processor has
  std::string kernels;               // --kernels: "best", "default", a run or a tuning cache
  bool bfloat16;                     // --bfloat16
  base::StopFlag& stop;              // set by the first Ctrl-C or SIGTERM; a second one ends the program at once
  base::Communicator& communicator;  // the processes that run this command together; most commands know one alone
};

void add_bench(CLI::App& program, const Context& context);
void add_calibrate(CLI::App& program, const Context& context);
void add_demo(CLI::App& program, const Context& context);
void add_evaluate(CLI::App& program, const Context& context);
void add_export(CLI::App& program, const Context& context);
void add_import(CLI::App& program, const Context& context);
void add_info(CLI::App& program, const Context& context);
void add_manual(CLI::App& program);  // hidden; the program's texts, of all commands
void add_merge(CLI::App& program, const Context& context);
void add_predict(CLI::App& program, const Context& context);
void add_prepare(CLI::App& program, const Context& context);
void add_recipe(CLI::App& program, const Context& context);
void add_serve(CLI::App& program, const Context& context);
void add_train(CLI::App& program, const Context& context);
void add_verify(CLI::App& program, const Context& context);

}  // namespace agewise::app
