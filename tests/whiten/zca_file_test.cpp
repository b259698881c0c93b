#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/whiten/zca.h"

namespace agewise::whiten {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class ZcaFile : public testing::Test {
 protected:
  ~ZcaFile() override { std::filesystem::remove(path_); }
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) / ("zca" + std::to_string(::getpid()) + ".safetensors");
  Zca zca_{3, {1, 2, 3}, {1, 0, 0, 0, 0.6F, 0.8F}, {0.25F, -2}, 1 / std::sqrt(0.1F), 0.1, 42};
};

TEST_F(ZcaFile, reads_back_the_same_bits) {
  write_zca(path_, zca_);
  Zca back = read_zca(path_);
  EXPECT_EQ(back.dimensions, 3);
  EXPECT_EQ(back.mean, zca_.mean);
  EXPECT_EQ(back.basis, zca_.basis);
  EXPECT_EQ(back.gain, zca_.gain);
  EXPECT_EQ(back.identity_scale, zca_.identity_scale);
  EXPECT_EQ(back.epsilon, 0.1);
  EXPECT_EQ(back.fitted_on, 42);
}

TEST_F(ZcaFile, names_file_and_array_of_what_does_not_fit) {
  auto message = [&](const std::map<std::string, std::string>& texts, std::vector<weights::TensorView> tensors) {
    weights::write_safetensors(path_, texts, tensors);
    try {
      read_zca(path_);
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string("was taken");
  };
  auto with = [&](std::size_t place, weights::TensorView tensor) {
    std::vector<weights::TensorView> tensors = zca_tensors(zca_);
    tensors[place] = std::move(tensor);
    return tensors;
  };
  std::map<std::string, std::string> texts{{kWhiteningText, zca_text(zca_)}};
  std::string file = path_.filename().string();
  std::vector<float> two{1, 2}, infinite{1, INFINITY, 3};
  EXPECT_THAT(message({}, zca_tensors(zca_)), AllOf(HasSubstr(file), HasSubstr("no whitening transform")));
  EXPECT_THAT(message({{kWhiteningText, "{}"}}, zca_tensors(zca_)), AllOf(HasSubstr(file), HasSubstr("epsilon")));
  EXPECT_THAT(message({{kWhiteningText, "no"}}, zca_tensors(zca_)), AllOf(HasSubstr(file), HasSubstr("whitening")));
  EXPECT_THAT(message(texts, {}), HasSubstr("no array \"whitening.basis\""));
  EXPECT_THAT(message(texts, with(0, {"whitening.mean", {2}, two})),
              AllOf(HasSubstr(file), HasSubstr("\"whitening.mean\": must have the shape [3], but has [2]")));
  EXPECT_THAT(message(texts, with(0, {"whitening.mean", {3}, infinite})), HasSubstr("whitening.mean: holds a value"));
  EXPECT_THAT(message(texts, with(1, {"whitening.basis", {6}, zca_.basis})), HasSubstr("components × dimensions"));
  EXPECT_THAT(message(texts, with(1, {"whitening.basis", {3, 2}, zca_.basis})), HasSubstr("components × dimensions"));
}

}  // namespace
}  // namespace agewise::whiten
