// agewise COMMAND: parses the command line, runs one command, turns what it throws into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "agewise/base/error.h"

int main(int argc, char** argv) {
  CLI::App app("agewise: a collection of dated face pictures to a trained, measured and served age estimator");
  app.set_version_flag("--version", "agewise 0.1.0");
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const agewise::Interrupted& error) {
    std::fprintf(stderr, "agewise: %s\n", error.what());
    return 130;
  } catch (const agewise::UsageError& error) {
    std::fprintf(stderr, "agewise: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "agewise: %s\n", error.what());
    return 1;
  }
}
