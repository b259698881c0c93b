// The layout of docs/architecture.md: a room includes only rooms above it in the list of cmake/rooms.cmake.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace agewise::base {
namespace {

const std::filesystem::path kRoot = AGEWISE_SOURCE_DIR;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> rooms_in_order() {
  std::string text = read(kRoot / "cmake/rooms.cmake");
  std::smatch found;
  std::regex_search(text, found, std::regex("set\\(AGEWISE_ROOMS\\s+([^)]*)\\)"));
  std::istringstream words(found[1]);
  return {std::istream_iterator<std::string>(words), {}};
}

std::vector<std::filesystem::path> sources_under(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") files.push_back(entry.path());
  }
  return files;
}

std::vector<std::string> includes_of(const std::string& text) {
  static const std::regex kInclude("#include [<\"]([^>\"]+)[>\"]");
  std::vector<std::string> includes;
  for (std::sregex_iterator i(text.begin(), text.end(), kInclude), end; i != end; ++i) includes.push_back((*i)[1]);
  return includes;
}

TEST(Rooms, include_only_rooms_above_them) {
  std::vector<std::string> rooms = rooms_in_order();
  ASSERT_GT(rooms.size(), 10U);
  auto place = [&](const std::string& room) { return std::find(rooms.begin(), rooms.end(), room) - rooms.begin(); };
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "agewise")) {
    std::string room = entry.path().filename();
    EXPECT_NE(std::find(rooms.begin(), rooms.end(), room), rooms.end()) << room << " is not in the list";
    for (const std::filesystem::path& file : sources_under(entry.path())) {
      for (const std::string& include : includes_of(read(file))) {
        EXPECT_FALSE(include.starts_with("app/") || include.starts_with("demo/")) << file;
        if (!include.starts_with("agewise/")) continue;
        if (std::filesystem::exists(kRoot / "include" / include)) continue;  // names no room
        std::string other = include.substr(8, include.find('/', 8) - 8);
        EXPECT_LE(place(other), place(room)) << file << " includes " << include;
      }
    }
  }
}

// An include is not the only way to take something: CMake may compile another room's files in.
TEST(Rooms, take_no_files_of_other_rooms_in_their_cmake_lists) {
  std::vector<std::string> rooms = rooms_in_order();
  for (const std::string& room : rooms) {
    std::filesystem::path lists = kRoot / "agewise" / room / "CMakeLists.txt";
    std::string text = read(lists);
    static const std::regex kFolder("(agewise|\\.\\.)/([a-z]+)");
    for (std::sregex_iterator i(text.begin(), text.end(), kFolder), end; i != end; ++i) {
      bool of_another = (*i)[2] != room && std::find(rooms.begin(), rooms.end(), (*i)[2]) != rooms.end();
      EXPECT_FALSE(of_another) << lists << " takes " << i->str();
    }
  }
}

// The libraries that a room links are of rooms above it, too.
TEST(Rooms, link_only_rooms_above_them) {
  std::vector<std::string> rooms = rooms_in_order();
  for (auto room = rooms.begin(); room != rooms.end(); ++room) {
    std::filesystem::path lists = kRoot / "agewise" / *room / "CMakeLists.txt";
    std::string text = read(lists);
    std::smatch found;
    if (!std::regex_search(text, found, std::regex("ROOMS([a-z_ \\n]*)"))) continue;
    std::istringstream words(found[1]);
    for (std::string word; words >> word;)
      EXPECT_LT(std::find(rooms.begin(), rooms.end(), word), room) << lists << word;
  }
}

TEST(Rooms, only_nn_cpu_knows_onednn) {
  for (const std::filesystem::path& file : sources_under(kRoot / "agewise")) {
    if (file.string().find("/nn/cpu/") != std::string::npos) continue;
    for (const std::string& include : includes_of(read(file))) {
      EXPECT_FALSE(include.starts_with("oneapi/")) << file << " includes " << include;
    }
  }
}

TEST(Rooms, estimate_knows_neither_catalog_nor_store) {
  for (const std::filesystem::path& file : sources_under(kRoot / "agewise/estimate")) {
    for (const std::string& include : includes_of(read(file))) {
      EXPECT_TRUE(!include.starts_with("agewise/catalog") && !include.starts_with("agewise/store"))
          << file << " includes " << include;
    }
  }
}

}  // namespace
}  // namespace agewise::base
