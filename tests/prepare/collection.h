// A small collection of pictures and labels in a folder of its own, removed at the end.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agewise/prepare/prepare.h"

namespace agewise::prepare {

// Bytes of a JPEG that only this number gives.
std::vector<std::byte> numbered_jpeg(int number, int width = 40, int height = 30);

// A tar as `tar` would write it, of files given as (name, content).
void write_tar(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, std::vector<std::byte>>>& members, bool gzip = false);

// One digest of everything that a store holds: rows, splits, pixels, rejects, reasons.
std::string digest(const store::Store& store);

class Collection : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("agewise-prepare-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "pictures");
    recipe_ = recipe::load_recipe("seed");
    recipe_.face.size = 16;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // labels.csv of rows "NN/face_i.jpg" with ages that run from 1 to 90.
  void write_labels(int rows, const std::string& extra = "");
  std::vector<std::pair<std::string, std::vector<std::byte>>> members(int rows) const;

  // labels.csv of 30 such rows, one of a missing picture and one of an impossible age; p.tar of their pictures and of
  // one that no row asks for.
  void write_thirty_and_faults();

  // The members as files under folder_/pictures.
  void write_folder(const std::vector<std::pair<std::string, std::vector<std::byte>>>& members) const;

  PreparePlan plan(PrepareOptions options = {}) const {
    if (options.labels.empty()) options.labels = {folder_ / "labels.csv"};
    if (options.recipe.name.empty()) options.recipe = recipe_;
    return plan_preparation(options);
  }
  PrepareResult run(const std::vector<std::filesystem::path>& pictures, const std::string& store = "faces.db",
                    int threads = 2) const {
    base::StopFlag stop{false};
    return prepare(plan(), pictures, folder_ / store, threads, stop);
  }
  std::filesystem::path store(const std::string& name = "faces.db") const { return folder_ / name; }

  std::filesystem::path folder_;
  recipe::Recipe recipe_;
};

template <class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const std::exception& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "an error is one line";
    return error.what();
  }
  return "no error";
}

}  // namespace agewise::prepare
