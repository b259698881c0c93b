// agewise demo [DIR]: a small collection in IMDB-WIKI's own format, then every command that the real one takes.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/base/workers.h"
#include "app/commands.h"
#include "app/signals.h"
#include "app/terminal.h"
#include "demo/collection.h"
#include "demo/folder.h"

extern char** environ;

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* kProgram = "/proc/self/exe";

struct Arguments {
  std::string folder = "agewise-demo", pictures, labels;
  demo::DrawOptions draw;
  int epochs = 20;
};

demo::CollectionFiles make_collection(const Arguments& arguments, const Context& context) {
  ProgressLine line;
  if (arguments.pictures.empty())
    return demo::draw_collection(arguments.folder, arguments.draw, context.threads, context.stop, line.sink());
  return demo::copy_collection(arguments.folder, arguments.labels, arguments.pictures, context.stop, line.sink());
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// The exit code of this very program, run with other words. Ctrl-C reaches it by itself, SIGTERM by this.
int exit_code_of(const Words& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));  // not written to
  argv.push_back(nullptr);
  pid_t child = 0;
  int problem = ::posix_spawn(&child, kProgram, nullptr, nullptr, argv.data(), environ);
  if (problem != 0) throw base::system_error(kProgram, "cannot be run", problem);
  constexpr auto kPause = std::chrono::milliseconds(50);
  int status = 0;
  bool told = false;
  for (pid_t ended = 0; ended == 0; ended = ::waitpid(child, &status, WNOHANG)) {
    if (ended < 0) throw base::system_error(kProgram, "cannot be waited for", errno);
    if (terminated() && !told) told = ::kill(child, SIGTERM) == 0;
    std::this_thread::sleep_for(kPause);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Prints the command as one would type it, and runs it.
void run_command(Words words, const Context& context) {
  if (context.threads != base::processor_count())
    words.insert(words.end(), {"--threads", std::to_string(context.threads)});
  if (!context.isa.empty()) words.insert(words.end(), {"--isa", context.isa});
  words.insert(words.begin(), "agewise");
  std::string line = "\n$";
  for (const std::string& word : words) line += " " + quoted(word);
  print(line + "\n");
  std::fflush(stdout);
  int code = exit_code_of(words);
  if (code == 130 || context.stop) throw base::Interrupted("stopped in: agewise " + words[1]);
  if (code != 0)
    throw base::Error(fmt::format("agewise {} ended with exit code {}, so the demo stops here", words[1], code));
}

// What an earlier demo left, so that this one begins anew.
void remove_old(const fs::path& store, const fs::path& run) {
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(store.string() + suffix);
  if (fs::exists(run / "recipe.toml")) fs::remove_all(run);
}

void run(const Arguments& arguments, const Context& context) {
  if (arguments.pictures.empty() != arguments.labels.empty())
    throw base::UsageError("--pictures and --labels must be given together");
  fs::path folder = arguments.folder, store = folder / "faces.db", run = folder / "run";
  demo::claim_folder(folder);
  remove_old(store, run);
  print(fmt::format("{} a collection in IMDB-WIKI's format in {}\n", arguments.pictures.empty() ? "Drawing" : "Copying",
                    folder.string()));
  std::fflush(stdout);
  demo::CollectionFiles files = make_collection(arguments, context);
  if (arguments.pictures.empty())
    print(
        "Some files are damaged, and some rows have an impossible date, a second face or no picture, as in the "
        "real\ncollection: `prepare` counts these. All other ages are true.\n");
  run_command({"prepare", store, "--labels", files.labels, "--pictures", files.pictures, "--recipe", "seed"}, context);
  // Few pictures and little time: fewer directions to whiten, and a rate that falls to nothing at the end.
  run_command({"train", run, "--data", store, "--recipe", "seed", "--set", "whiten.components=200", "--set",
               fmt::format("train.epochs={}", arguments.epochs), "--set", "train.schedule=cosine"},
              context);
  run_command({"evaluate", run, "--data", store}, context);
  print(fmt::format("\nThe report with all charts and figures: {}\n", (run / "report.html").string()));
}

}  // namespace

void add_demo(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "demo", "Draw a small collection of faces, then prepare it, train on it, evaluate and report");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("DIR", arguments->folder,
                   "Folder to work in: new, empty, or that of an earlier demo, which is replaced")
      ->capture_default_str();
  command->add_option("--pictures", arguments->pictures,
                      "Use these real faces instead of drawn ones: a folder or a tar");
  command->add_option("--labels", arguments->labels, "Label file for --pictures");
  command->add_option("--people", arguments->draw.people, "How many people to draw")
      ->check(CLI::Range(100, 1000000))
      ->capture_default_str();
  command->add_option("--seed", arguments->draw.seed, "Seed of the drawing: another seed draws other people")
      ->capture_default_str();
  command->add_option("--epochs", arguments->epochs, "Number of training epochs")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
