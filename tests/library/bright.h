// The file of a model that tells bright pictures (70 years) from dark ones (20), and such pictures.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agewise/agewise.h"

#include "tests/serve/bright.h"

namespace agewise::library {

class WithModel : public testing::Test {
 protected:
  WithModel() { estimate::write_model(file_, serve::bright_model()); }
  ~WithModel() override { std::filesystem::remove(file_); }

  Options options(int threads = 2) const {
    Options options;
    options.model = file_;
    options.threads = threads;
    options.kernels = Kernels::standard;
    return options;
  }
  AgeEstimator open(int threads = 2) const { return AgeEstimator::open(options(threads)); }

  const std::string file_ = testing::TempDir() + "library" + std::to_string(::getpid()) + ".safetensors";
};

inline double age_of(const Picture& picture) { return picture.faces.at(0).age.value(); }

}  // namespace agewise::library
