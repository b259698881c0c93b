// What would bind the program to one family of processors, or take the place of another library's functions in the
// process it runs in, is not in the tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace agewise::base {
namespace {

const std::filesystem::path kRoot = AGEWISE_SOURCE_DIR;

struct Source {
  std::string file;  // from the root
  std::string text;
};

// All that is compiled, and what such files are made from.
std::vector<Source> sources() {
  const std::set<std::string> kinds{".h", ".hpp", ".c", ".cc", ".cpp", ".in", ".s", ".S", ".asm", ".cu"};
  std::vector<Source> found;
  for (const char* folder : {"agewise", "app", "bench", "cmake", "demo", "fuzz", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / folder)) {
      if (!kinds.contains(entry.path().extension())) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      found.push_back({std::filesystem::relative(entry.path(), kRoot), text.str()});
    }
  }
  return found;
}

// The first line with one of `words` where `pattern` occurs, that line or the few behind it, or nothing. (The pattern
// alone would take minutes over all sources.)
std::string first_match(const Source& source, const std::vector<std::string>& words, const std::regex& pattern) {
  constexpr std::size_t kReach = 200;
  for (std::size_t begin = 0, end = 0, line = 1; begin < source.text.size(); begin = end + 1, ++line) {
    end = std::min(source.text.find('\n', begin), source.text.size());
    std::string text = source.text.substr(begin, end - begin);
    auto is_there = [&](const std::string& word) { return text.find(word) != std::string::npos; };
    if (std::none_of(words.begin(), words.end(), is_there)) continue;
    if (std::regex_search(source.text.substr(begin, end - begin + kReach), pattern))
      return source.file + ":" + std::to_string(line) + ": " + text;
  }
  return {};
}

TEST(OrdinaryMeans, there_is_no_assembly) {
  static const std::regex kAssembly(R"(\b(asm|__asm|__asm__)\b\s*(volatile|goto|inline)?\s*\()");
  std::vector<Source> all = sources();
  ASSERT_GT(all.size(), 300U);
  for (const Source& source : all) {
    std::string kind = std::filesystem::path(source.file).extension();
    EXPECT_TRUE(kind != ".s" && kind != ".S" && kind != ".asm") << source.file;
    EXPECT_EQ(first_match(source, {"asm"}, kAssembly), "");
  }
}

TEST(OrdinaryMeans, only_nn_cpu_may_use_the_instructions_of_one_family_of_processors) {
  static const std::regex kIntrinsics(
      R"(<\w*intrin\.h>|<arm_\w+\.h>|<cpuid\.h>|\b_mm\d*_\w+|\b__builtin_(ia32_|cpu_)\w+)");
  for (const Source& source : sources()) {
    if (source.file.starts_with("agewise/nn/cpu/")) continue;
    EXPECT_EQ(first_match(source, {"intrin", "<arm_", "cpuid", "_mm", "__builtin"}, kIntrinsics), "");
  }
}

// A class may be declared there (CLI::App), but nothing defined.
TEST(OrdinaryMeans, nothing_is_defined_in_another_librarys_namespace_or_under_a_c_name_that_is_not_ours) {
  static const std::regex kNamespace(
      R"(\bnamespace\s+(hwy|dnnl|dlib|SQLite|CLI|fmt|nlohmann|toml|google)\b[\w:]*\s*\{(?!\s*(class|struct) \w+;\s*\}))");
  static const std::regex kCName(R"(extern "C"\s+[\w:<>*& ]*[ *&](?!LLVMFuzzer|agewise_)\w+\()");
  for (const Source& source : sources()) {
    EXPECT_EQ(first_match(source, {"namespace"}, kNamespace), "");
    EXPECT_EQ(first_match(source, {"extern"}, kCName), "");
  }
}

}  // namespace
}  // namespace agewise::base
