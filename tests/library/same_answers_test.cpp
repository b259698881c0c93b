// The same picture has the same answer from the program and from the library, to the last bit.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agewise/agewise.h"
#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "demo/portrait.h"
#include "tests/app/run_program.h"

namespace agewise::library {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kFaces = fs::path(AGEWISE_SHARED_DIR) / "data/fairface.tar";

// As `predict --json` writes it.
Json json_of(const std::string& file, const Face& face, const std::vector<AgeClass>& classes) {
  Json json{{"file", file}};
  if (face.box) {
    json["box"] = {face.box->left, face.box->top, face.box->right, face.box->bottom};
    json.update({{"angle", face.angle}, {"score", face.score}, {"replicated", face.replicated}});
  } else {
    json.update({{"box", nullptr}, {"crop", true}});
  }
  json["age"] = face.age ? Json(*face.age) : Json(nullptr);
  if (!face.age) json["reason"] = face.reason;
  if (!face.age_class.empty()) json["class"] = face.age_class;
  if (face.spread) json["spread"] = *face.spread;
  if (face.interval)
    json["interval"] = {
        {"low", face.interval->low}, {"high", face.interval->high}, {"coverage", face.interval->coverage}};
  if (face.at_least) json["at_least"] = {{"years", face.at_least->years}, {"probability", face.at_least->probability}};
  for (std::size_t c = 0; face.age && c < classes.size(); ++c)
    json["distribution"].push_back({{"class", classes[c].name}, {"probability", face.distribution[c]}});
  return json;
}

class SlowSameAnswers : public testing::Test {
 protected:
  SlowSameAnswers() { fs::create_directories(folder_); }
  ~SlowSameAnswers() override { fs::remove_all(folder_); }

  void add(const std::string& name, const std::vector<std::byte>& bytes) {
    base::write_file(folder_ / name, bytes);
    names_.push_back((folder_ / name).string());
    files_.push_back(bytes);
  }

  Json predicted(const std::string& options, const std::vector<std::string>& names) const {
    std::string command = "--threads 2 predict --json --distribution --at-least 18 " + options;
    for (const std::string& name : names) command += " " + name;
    return Json::parse(app::run(command + " 2>/dev/null").output);
  }

  Json answered(const AgeEstimator& estimator, const std::vector<std::string>& names,
                const std::vector<Picture>& pictures) const {
    Json list = Json::array();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      for (const Face& face : pictures[i].faces) list.push_back(json_of(names[i], face, estimator.classes()));
      if (pictures[i].faces.empty())
        list.push_back({{"file", names[i]}, {"box", nullptr}, {"age", nullptr}, {"reason", pictures[i].reason}});
    }
    return list;
  }

  void compare(bool ready_crops) const {
    Options options;
    options.kernels = Kernels::standard;
    options.threads = 2;
    options.distribution = true;
    options.at_least = 18;
    options.ready_crops = ready_crops;
    AgeEstimator estimator = AgeEstimator::open(options);
    std::string same = ready_crops ? "--crops" : "";
    std::vector<std::span<const std::byte>> views(files_.begin(), files_.end());
    EXPECT_EQ(answered(estimator, names_, estimator.estimate_all(views)), predicted(same, names_));
    for (std::size_t i = 0; i < std::min<std::size_t>(names_.size(), 3); ++i)
      EXPECT_EQ(answered(estimator, {names_[i]}, {estimator.estimate(files_[i])}), predicted(same, {names_[i]}));
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("same" + std::to_string(::getpid()));
  std::vector<std::string> names_;
  std::vector<std::vector<std::byte>> files_;
};

TEST_F(SlowSameAnswers, of_face_crops_and_of_pictures_without_a_face) {
  for (int i = 0; i < 19; ++i) {
    demo::Portrait portrait =
        demo::draw_portrait(5 + 4 * i, catalog::Gender::female, 160, 160,
                            base::Random(1, base::Purpose::demo, 0, static_cast<std::uint32_t>(i)));
    add("p" + std::to_string(i) + ".png", image::encode_png(portrait.image));
  }
  compare(/*ready_crops=*/true);
  compare(/*ready_crops=*/false);
}

TEST_F(SlowSameAnswers, of_photographs_of_real_faces) {
  if (!fs::exists(kFaces)) GTEST_SKIP() << kFaces << " is not there";
  archive* tar = archive_read_new();
  archive_read_support_format_tar(tar);
  ASSERT_EQ(archive_read_open_filename(tar, kFaces.c_str(), 1 << 16), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (names_.size() < 20 && archive_read_next_header(tar, &entry) == ARCHIVE_OK) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(archive_entry_size(entry)));
    if (bytes.empty()) continue;
    ASSERT_EQ(archive_read_data(tar, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    add(fs::path(archive_entry_pathname(entry)).filename(), bytes);
  }
  archive_read_free(tar);
  compare(/*ready_crops=*/false);
}

}  // namespace
}  // namespace agewise::library
