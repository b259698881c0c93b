// agewise COMMAND: parses the command line, runs one command, turns what it throws into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <new>

#include "agewise/base/error.h"
#include "agewise/base/workers.h"
#include "app/commands.h"
#include "app/signals.h"

namespace {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

int fail(const std::exception& error, ExitCode code) {
  std::fprintf(stderr, "agewise: %s\n", error.what());
  return code;
}

void add_commands(CLI::App& program, const agewise::app::Context& context) {
  agewise::app::add_bench(program, context);
  agewise::app::add_calibrate(program, context);
  agewise::app::add_demo(program, context);
  agewise::app::add_evaluate(program, context);
  agewise::app::add_export(program, context);
  agewise::app::add_import(program, context);
  agewise::app::add_info(program, context);
  agewise::app::add_predict(program, context);
  agewise::app::add_prepare(program, context);
  agewise::app::add_recipe(program, context);
  agewise::app::add_serve(program, context);
  agewise::app::add_train(program, context);
}

// The command runs inside program.parse().
int run(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw agewise::base::Error("standard output: cannot write");
    return kDone;
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kWrongUsage;
  } catch (const agewise::base::Interrupted& error) {
    return fail(error, kInterrupted);
  } catch (const agewise::base::UsageError& error) {
    return fail(error, kWrongUsage);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(agewise::base::system_error(error.path1(), "cannot be reached", error.code().value()), kFailed);
  } catch (const std::bad_alloc&) {
    return fail(agewise::base::Error("out of memory: fewer --threads, smaller pictures or a smaller batch need less"),
                kFailed);
  } catch (const std::exception& error) {
    return fail(error, kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("agewise: a collection of dated face pictures to a trained, measured and served age estimator");
  agewise::app::Context context{agewise::base::processor_count(), "", "best", false, agewise::app::stop_on_signals()};
  program.set_version_flag("--version", "agewise " AGEWISE_VERSION);
  program.require_subcommand(1);
  program.fallthrough();  // --threads and the other options here may also follow the command's name
  program.add_option("--threads", context.threads, "Threads to use; all processors by default")
      ->check(CLI::Range(1, 1024));
  program.add_option("--isa", context.isa, "Instruction set: avx2 or avx512; the best there is by default")
      ->check(CLI::IsMember({"avx2", "avx512"}));
  program.add_option("--kernels", context.kernels,
                     "best: what is fastest here, timed once and remembered in ~/.cache/agewise; default: nothing is "
                     "timed, the same choice on every machine; or a run, or a file: what was chosen there");
  program.add_flag("--bfloat16", context.bfloat16,
                   "Estimate with convolutions in bfloat16 where they are faster (processors with AVX512_BF16): ages "
                   "change a little, see docs/performance.md");
  add_commands(program, context);
  return run(program, argc, argv);
}
