// agewise verify PATH: whether stores, models and runs are what was written.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/verify/verify.h"
#include "app/commands.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr std::array<const char*, 4> kStates{"good", "damaged", "without checksum", "unreadable"};

const char* name_of(verify::State state) { return kStates.at(static_cast<std::size_t>(state)); }

// A hostile name or text stays on its line.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  }
  return text;
}

std::string line_of(const verify::Finding& finding) {
  return fmt::format("{:16}  {}{}{}\n", name_of(finding.state), one_line(finding.file.string()),
                     finding.detail.empty() ? "" : ": ", one_line(finding.detail));
}

void run(const std::string& path, bool as_json, const Context& context) {
  std::map<verify::State, std::int64_t> counts;
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  ProgressLine line;
  auto found = [&](const verify::Finding& finding) {
    ++counts[finding.state];
    line.clear();
    if (!as_json) return print(line_of(finding));
    files.push_back({{"file", finding.file.string()}, {"state", name_of(finding.state)}, {"detail", finding.detail}});
  };
  std::int64_t others = verify::verify(path, {found, context.stop, line.sink()});
  line.clear();
  if (as_json) {
    nlohmann::ordered_json json{{"files", std::move(files)}};
    for (std::size_t state = 0; state < kStates.size(); ++state)
      json[kStates.at(state)] = counts[static_cast<verify::State>(state)];
    json["others"] = others;
    print_json(json);
  } else {
    print(fmt::format("{} good, {} damaged, {} without checksum, {} unreadable; {} other files, not checked\n",
                      counts[verify::State::good], counts[verify::State::damaged],
                      counts[verify::State::without_checksum], counts[verify::State::unreadable], others));
  }
  std::int64_t bad = counts[verify::State::damaged] + counts[verify::State::unreadable];
  if (bad > 0) throw base::Error(fmt::format("{}: {} damaged or unreadable files", path, bad));
}

}  // namespace

void add_verify(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "verify", "Check that stores, models and runs are undamaged; exits with 1 if one is damaged");
  auto path = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  command->add_option("PATH", *path, "A store, a model, a run, a file of a run, or a folder that contains any of them")
      ->required();
  command->add_flag("--json", *as_json, "Print the findings as JSON");
  command->callback([path, as_json, &context] { run(*path, *as_json, context); });
}

}  // namespace agewise::app
