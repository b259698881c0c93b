// agewise COMMAND: parses the command line, runs one command, turns what it throws into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/nearest.h"
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
  agewise::app::add_manual(program);
  agewise::app::add_predict(program, context);
  agewise::app::add_prepare(program, context);
  agewise::app::add_recipe(program, context);
  agewise::app::add_serve(program, context);
  agewise::app::add_train(program, context);
  agewise::app::add_verify(program, context);
}

// What is wrong with the command line, and where its help is. A command that does not exist is named.
std::string usage_text(const CLI::App* program, const CLI::Error& error) {
  std::vector<CLI::App*> asked = program->get_subcommands();
  std::vector<std::string> rest = program->remaining();
  std::string help = "agewise" + (asked.empty() ? "" : " " + asked.front()->get_name()) + " --help";
  std::string what = error.what();
  if (asked.empty() && rest.empty()) return program->help();
  if (asked.empty() && !rest.empty()) {
    std::vector<std::string> commands;  // all of them: nullptr filters none
    for (const CLI::App* command : program->get_subcommands(nullptr)) commands.push_back(command->get_name());
    what =
        rest.front() + ": no such command; did you mean " + agewise::base::nearest_name(rest.front(), commands) + "?";
  }
  return "agewise: " + what + "\nSee `" + help + "`.\n";
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
  CLI::App program("agewise: train, measure and serve age estimation from face photographs with known ages");
  agewise::app::Context context{agewise::base::processor_count(), "", "best", false, agewise::app::stop_on_signals()};
  program.set_version_flag("--version", "agewise " AGEWISE_VERSION);
  program.require_subcommand(1);
  program.failure_message(usage_text);
  program.fallthrough();  // --threads and the other options here may also follow the command's name
  program.add_option("--threads", context.threads, "Number of threads; default: one per processor")
      ->check(CLI::Range(1, 1024));
  program.add_option("--isa", context.isa, "Instruction set; default: the best that the processor has")
      ->check(CLI::IsMember({"avx2", "avx512"}));
  program.add_option("--kernels", context.kernels,
                     "How to choose among kernels. best, if not given: time them once and remember the fastest in "
                     "~/.cache/agewise; default: time nothing, choose the same on every machine; a run or a file: use "
                     "the choice recorded there");
  program.add_flag("--bfloat16", context.bfloat16,
                   "Estimate with bfloat16 convolutions where they are faster (processors with AVX512_BF16); ages "
                   "change slightly, see docs/performance.md");
  add_commands(program, context);
  return run(program, argc, argv);
}
