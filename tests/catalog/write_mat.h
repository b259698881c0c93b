// Small .mat files with the struct of IMDB-WIKI, written by matio itself, whole or with something wrong.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace agewise::catalog {

struct MatRow {
  double dob, photo_taken;
  std::string full_path;
  double gender;
  std::string name;
  std::vector<double> face_location;
  double face_score, second_face_score;
};

struct MatOptions {
  std::string variable = "wiki";
  std::vector<std::string> celebrities;  // imdb.mat's celeb_names; row i then has celeb_id i % count + 1
  std::string without_field;             // left out
  std::string short_field;               // one element less
  std::string mistyped_field;            // a char array instead
  std::string numbers_as = "double";     // class of all arrays of numbers: "int8" … "uint64", "single"
};

void write_mat(const std::filesystem::path& file, const std::vector<MatRow>& rows, const MatOptions& options = {});

}  // namespace agewise::catalog
