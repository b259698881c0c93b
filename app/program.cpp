// Parses the command line, runs one command, turns what it throws into one line and an exit code.
#include "app/program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/nearest.h"

namespace agewise::app {
namespace {

Ending fail(const std::exception& error, ExitCode code) {
  return {code, "", std::string("agewise: ") + error.what() + "\n"};
}

// What is wrong with the command line, or the help that was asked for.
Ending ending_of(const CLI::App& program, const CLI::ParseError& error) {
  std::ostringstream out, problem;
  ExitCode code = program.exit(error, out, problem) == 0 ? kDone : kWrongUsage;
  return {code, out.str(), problem.str()};
}

void add_commands(CLI::App& program, const Context& context) {
  add_bench(program, context);
  add_calibrate(program, context);
  add_demo(program, context);
  add_evaluate(program, context);
  add_export(program, context);
  add_import(program, context);
  add_info(program, context);
  add_manual(program);
  add_merge(program, context);
  add_predict(program, context);
  add_prepare(program, context);
  add_recipe(program, context);
  add_serve(program, context);
  add_train(program, context);
  add_verify(program, context);
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
    what = rest.front() + ": no such command; did you mean " + base::nearest_name(rest.front(), commands) + "?";
  }
  return "agewise: " + what + "\nSee `" + help + "`.\n";
}

// Commands that know nothing of other processes would all do the same work, and write the same files.
void refuse_what_is_of_one_process(CLI::App& program) {
  for (CLI::App* command : program.get_subcommands(nullptr)) {
    if (command->get_name() == "train" || command->get_name() == "evaluate") continue;
    command->callback([name = command->get_name()] {
      throw base::UsageError("`" + name + "` is the work of one process: run it without mpirun or srun");
    });
  }
}

// The command runs inside program.parse().
Ending run(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw base::Error("standard output: cannot write");
    return {};
  } catch (const CLI::ParseError& error) {
    return ending_of(program, error);
  } catch (const base::Interrupted& error) {
    return fail(error, kInterrupted);
  } catch (const base::UsageError& error) {
    return fail(error, kWrongUsage);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(base::system_error(error.path1(), "cannot be accessed", error.code().value()), kFailed);
  } catch (const std::bad_alloc&) {
    return fail(base::Error("out of memory: use fewer --threads, smaller pictures or a smaller batch"), kFailed);
  } catch (const std::exception& error) {
    return fail(error, kFailed);
  }
}

}  // namespace

Ending run_program(int argc, char** argv, Context context) {
  CLI::App program("agewise: train, measure and serve an age estimator from face photographs with known ages");
  program.set_version_flag("--version", "agewise " AGEWISE_VERSION);
  program.require_subcommand(1);
  program.failure_message(usage_text);
  program.fallthrough();  // --threads and the other options here may also follow the command's name
  program.add_option("--threads", context.threads, "Number of threads; default: one per processor")
      ->check(CLI::Range(1, 1024));
  program.add_option("--isa", context.isa, "Instruction set; default: the best that the processor supports")
      ->check(CLI::IsMember({"avx2", "avx512"}));
  program.add_option("--kernels", context.kernels,
                     "How to choose compute kernels. best, which is used if the option is not given: time them once "
                     "and remember the fastest in ~/.cache/agewise; default: time nothing and choose the same on every "
                     "machine; a run or a file: use the choice recorded there");
  program.add_flag("--bfloat16", context.bfloat16,
                   "Estimate with bfloat16 convolutions where they are faster (processors with AVX512_BF16); ages "
                   "change slightly, see docs/performance.md");
  add_commands(program, context);
  if (context.communicator.size() > 1) refuse_what_is_of_one_process(program);
  return run(program, argc, argv);
}

}  // namespace agewise::app
