// agewise COMMAND: the program of one process. main_mpi.cpp is the one of several.
#include <cstdio>

#include "agewise/base/workers.h"
#include "app/program.h"
#include "app/signals.h"

int main(int argc, char** argv) {
  using namespace agewise;
  app::Ending ending =
      app::run_program(argc, argv, {base::processor_count(), "", "best", false, app::stop_on_signals(), base::alone()});
  std::fputs(ending.printed.c_str(), stdout);
  std::fputs(ending.error.c_str(), stderr);
  return ending.code;
}
