// What README.md and docs say, against the program.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "agewise/base/files.h"
#include "demo/collection.h"
#include "tests/app/run_program.h"
#include "tests/prepare/collection.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Words = std::vector<std::string>;

const fs::path kSource = AGEWISE_SOURCE_DIR;
const fs::path kWiki = fs::path(AGEWISE_SHARED_DIR) / "data/wiki/wiki.mat";

std::string text_of(const fs::path& file) { return base::read_text_file(file, 1 << 20); }

std::vector<fs::path> pages() {
  std::vector<fs::path> files{kSource / "README.md", kSource / "CONTRIBUTING.md"};
  for (const auto& entry : fs::directory_iterator(kSource / "docs"))
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// The lines of the page's shell examples, those that end in a backslash joined, without their comments.
std::vector<std::string> shell_lines(const fs::path& page) {
  std::istringstream text(text_of(page));
  std::vector<std::string> lines;
  bool shell = false, goes_on = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      shell = line == "```sh";
      continue;
    }
    if (!shell) continue;
    line = line.substr(0, line.find(" #"));
    bool more = line.ends_with('\\');
    if (more) line.pop_back();
    if (goes_on) {
      lines.back() += line;
    } else {
      lines.push_back(line);
    }
    goes_on = more;
  }
  return lines;
}

// The words of each call of agewise in a line, without "agewise": "curl … | agewise prepare x --labels y" has one.
std::vector<Words> calls_in(const std::string& line) {
  std::istringstream text(line);
  std::vector<Words> calls;
  bool inside = false;
  for (std::string word; text >> word;) {
    bool program = word == "agewise" || word.ends_with("/agewise");
    if (program) calls.emplace_back();
    if (word == "|" || word == "&" || word == "&&" || word == ";" || word == ">") inside = false;
    if (inside) calls.back().push_back(word);
    inside = inside || program;
  }
  return calls;
}

std::string joined(const Words& words) {
  std::string text = "agewise";
  for (const std::string& word : words) text += " " + word;
  return text;
}

TEST(Docs, show_only_commands_and_options_that_there_are) {
  std::map<std::string, std::string> help;
  std::string of_all = run("--help").output;
  std::size_t calls = 0;
  for (const fs::path& page : pages()) {
    for (const std::string& line : shell_lines(page)) {
      for (const Words& words : calls_in(line)) {
        SCOPED_TRACE(page.filename().string() + ": " + joined(words));
        ++calls;
        auto command = std::find_if(words.begin(), words.end(), [](const std::string& w) { return w[0] != '-'; });
        if (command == words.end()) continue;
        std::string asked = *command;
        bool of_bench = asked == "bench" && command + 1 != words.end() && *(command + 1) == "photographs";
        if (of_bench) asked += " photographs";
        auto [text, is_new] = help.try_emplace(asked);
        if (is_new) text->second = run(asked + " --help").output;
        ASSERT_THAT(text->second, HasSubstr("Usage: "));
        for (const std::string& word : words) {
          if (!word.starts_with("--") || word == "--") continue;
          std::string option = word.substr(0, word.find('='));
          EXPECT_TRUE(text->second.find(option) != std::string::npos || of_all.find(option) != std::string::npos)
              << option;
        }
      }
    }
  }
  EXPECT_GT(calls, 40U);
}

TEST(Docs, set_only_keys_that_recipes_have) {
  const std::string labels = kSource / "tests/catalog/golden/wiki.mat";
  std::size_t keys = 0;
  for (const fs::path& page : pages()) {
    for (const std::string& line : shell_lines(page)) {
      for (const Words& words : calls_in(line)) {
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
          if (words[i] != "--set" || words[i + 1].ends_with("=N")) continue;
          ++keys;
          // Some keys go with others that only one of these two recipes has.
          Outcome outcome = run("info " + labels + " --set " + words[i + 1]);
          if (outcome.exit_code == 2) outcome = run("info " + labels + " --recipe compact --set " + words[i + 1]);
          EXPECT_NE(outcome.exit_code, 2) << page.filename() << ": " << words[i + 1] << ": " << outcome.output;
        }
      }
    }
  }
  EXPECT_GT(keys, 15U);
}

TEST(Docs, link_to_files_that_there_are) {
  for (const fs::path& page : pages()) {
    std::string text = text_of(page);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 2)) {
      std::string link = text.substr(at + 2, text.find(')', at) - at - 2);
      link = link.substr(0, link.find('#'));
      if (link.empty() || link.find("://") != std::string::npos) continue;
      EXPECT_TRUE(fs::exists(page.parent_path() / link)) << page.filename() << ": " << link;
    }
  }
}

// "| no face | 16,296 |" is 16296; nothing where there is no such row.
std::optional<std::int64_t> figure(const std::string& page, const std::string& row) {
  std::size_t at = page.find("| " + row + " | ");
  if (at == std::string::npos) return std::nullopt;
  std::string digits;
  for (char c : page.substr(at + row.size() + 5, 20)) {
    if (c == '|') break;
    if (c >= '0' && c <= '9') digits += c;
  }
  return std::stoll(digits);
}

TEST(Docs, give_the_counts_of_wiki_mat_that_info_prints) {
  if (!fs::exists(kWiki)) GTEST_SKIP() << kWiki << " is not here";
  std::string page = text_of(kSource / "docs/imdb-wiki.md");
  nlohmann::json counts = nlohmann::json::parse(run("info --json " + kWiki.string()).output);
  EXPECT_EQ(figure(page, "rows"), counts["rows"]);
  EXPECT_EQ(figure(page, "kept"), counts["kept"]);
  for (const auto& [reason, count] : counts["rejects"].items()) EXPECT_EQ(figure(page, reason), count) << reason;
}

TEST(Docs, give_the_sizes_of_the_bundled_models) {
  for (const auto& [name, card] : {std::pair("compact", "model-card.md"), {"permissive", "model-card-permissive.md"}}) {
    fs::path model = kSource / "models" / (std::string(name) + ".safetensors");
    nlohmann::json info = nlohmann::json::parse(run("info --json " + model.string()).output);
    std::string text = text_of(kSource / "docs" / card);
    EXPECT_THAT(text, HasSubstr(fmt::format("({:.1f} million parameters;", info["parameters"].get<double>() / 1e6)));
    EXPECT_THAT(text, HasSubstr(fmt::format("half precision ({:.1f} MB)", fs::file_size(model) / 1e6)));
  }
}

TEST(Docs, give_one_error_of_the_bundled_model) {
  std::string card = text_of(kSource / "docs/model-card.md");
  std::size_t at = card.find("| all | 2,308 | **");
  ASSERT_NE(at, std::string::npos);
  std::string error = card.substr(at + 18, 4);
  EXPECT_THAT(text_of(kSource / "README.md"), HasSubstr("absolute error is " + error + " years"));
  EXPECT_THAT(text_of(kSource / "README.md"), HasSubstr("**" + error + " years**"));
}

// The commands under "Data flow", as they stand there, on a drawn collection.
TEST(SlowDocs, readme_s_commands_run_one_after_the_other) {
  fs::path folder = fs::path(testing::TempDir()) / "agewise-readme";
  fs::remove_all(folder);
  fs::create_directories(folder / "photographs");
  base::StopFlag stop{false};
  demo::draw_collection(folder, {.people = 120}, 2, stop);
  base::write_file(folder / "photographs/a.jpg", prepare::numbered_jpeg(1, 150, 150));
  std::string page = text_of(kSource / "README.md");
  fs::path part = folder / "flow.md";
  std::size_t begin = page.find("## Data flow"), end = page.find("\n- **", begin);
  base::write_file(part, page.substr(begin, end - begin));
  int commands = 0;
  for (const std::string& line : shell_lines(part)) {
    for (const Words& words : calls_in(line)) {
      if (words[0] == "serve") continue;  // goes on until it is stopped
      ++commands;
      std::string less = words[0] == "train" ? " --set train.epochs=1 --set whiten.components=10" : "";
      Outcome outcome = run_command("cd " + folder.string() + " && " AGEWISE_PROGRAM " --kernels default" +
                                    joined(words).substr(std::string("agewise").size()) + less);
      EXPECT_EQ(outcome.exit_code, 0) << joined(words) << "\n" << outcome.output;
    }
  }
  EXPECT_EQ(commands, 8);
  for (const char* made : {"faces.db", "faces.png", "run/report.html", "run/best.safetensors", "model.safetensors"})
    EXPECT_TRUE(fs::exists(folder / made)) << made;
  fs::remove_all(folder);
}

}  // namespace
}  // namespace agewise::app
