// AgeEstimator as an application uses it.
#include <gmock/gmock.h>
#include <omp.h>
#include <sys/wait.h>

#include <array>
#include <cfenv>
#include <clocale>
#include <csignal>
#include <fstream>
#include <locale>
#include <regex>
#include <sstream>
#include <thread>

#include "agewise/base/files.h"
#include "tests/error_of.h"
#include "tests/library/bright.h"

namespace agewise::library {
namespace {

using serve::grey_png;
using testing::HasSubstr;

class Estimators : public WithModel {};

TEST_F(Estimators, tell_the_age_of_a_picture_in_memory) {
  AgeEstimator estimator = open();
  Picture picture = estimator.estimate(grey_png(250));
  ASSERT_EQ(picture.faces.size(), 1U);
  EXPECT_EQ(picture.width, 20);
  EXPECT_EQ(picture.height, 30);
  EXPECT_EQ(picture.faces[0].age, 70);
  EXPECT_EQ(picture.faces[0].age_class, "60 and over");
  EXPECT_FALSE(picture.faces[0].box);  // ready crops
  EXPECT_TRUE(picture.faces[0].distribution.empty());
  EXPECT_EQ(age_of(estimator.estimate(grey_png(5))), 20);
}

TEST_F(Estimators, give_the_sides_of_the_picture_turned_upright) {
  Picture picture = open().estimate(base::read_file(AGEWISE_SOURCE_DIR "/tests/image/pictures/turned_6.jpg", 1 << 20));
  Picture stored = open().estimate(base::read_file(AGEWISE_SOURCE_DIR "/tests/image/pictures/rgb.jpg", 1 << 20));
  EXPECT_TRUE(picture.readable && stored.readable);
  EXPECT_NE(picture.width, picture.height);
  EXPECT_EQ(picture.width > picture.height, stored.width > stored.height);
}

TEST_F(Estimators, tell_of_a_file_that_is_no_picture_why_it_is_none) {
  const std::string text = "no picture";
  Picture picture = open().estimate(std::as_bytes(std::span(text)));
  EXPECT_FALSE(picture.readable);
  EXPECT_TRUE(picture.faces.empty());
  EXPECT_FALSE(picture.reason.empty());
  EXPECT_FALSE(open().estimate(std::span<const std::byte>()).readable);
}

TEST_F(Estimators, tell_of_a_picture_without_a_face_that_there_is_none) {
  Options detecting = options(1);
  detecting.detect = true;
  Picture picture = AgeEstimator::open(detecting).estimate(grey_png(250, 200, 200));
  EXPECT_TRUE(picture.readable);
  EXPECT_EQ(picture.reason, "no face found");
}

TEST_F(Estimators, answer_many_pictures_in_order) {
  AgeEstimator estimator = open();
  std::vector<std::vector<std::byte>> files;
  for (int i = 0; i < 100; ++i)
    files.push_back(i % 7 == 3 ? std::vector<std::byte>(5) : grey_png(i % 2 == 0 ? 5 : 250));
  std::vector<std::span<const std::byte>> views(files.begin(), files.end());
  std::vector<Picture> answers = estimator.estimate_all(views);
  ASSERT_EQ(answers.size(), 100U);
  for (int i = 0; i < 100; ++i) {
    const Picture& answer = answers[static_cast<std::size_t>(i)];
    ASSERT_EQ(answer.readable, i % 7 != 3) << i;
    EXPECT_EQ(answer.readable ? age_of(answer) : 0, !answer.readable ? 0 : i % 2 == 0 ? 20 : 70) << i;
  }
  EXPECT_TRUE(estimator.estimate_all(std::span<const ImageView>()).empty());
}

TEST_F(Estimators, give_the_distribution_where_it_is_asked_for) {
  Options asking = options();
  asking.distribution = true;
  AgeEstimator estimator = AgeEstimator::open(asking);
  EXPECT_EQ(estimator.estimate(grey_png(250)).faces.at(0).distribution.size(), estimator.classes().size());
  EXPECT_EQ(estimator.classes().at(1).name, "30–59");
  EXPECT_EQ(estimator.classes().at(1).years, 40);
  EXPECT_EQ(estimator.notes().at("licence"), "research only");
  EXPECT_EQ(estimator.model_file(), file_);
}

TEST_F(Estimators, say_how_probable_it_is_that_somebody_is_of_an_age_or_older) {
  Options asking = options();
  asking.at_least = 30;
  EXPECT_THAT(error_of<Error>([&] { AgeEstimator::open(asking); }), HasSubstr("not calibrated for that"));
  estimate::Model model = serve::bright_model();
  model.intervals = estimate::Intervals{0.9, {}, {{0, -5, 5}}, {{30, 0, 0.25}}};
  estimate::write_model(file_, model);
  Face face = AgeEstimator::open(asking).estimate(grey_png(250)).faces.at(0);
  ASSERT_TRUE(face.at_least);
  EXPECT_EQ(face.at_least->years, 30);
  EXPECT_NEAR(face.at_least->probability, 0.909, 0.001);  // 1 / (1 + 9999^(-1/4))
  EXPECT_FALSE(open().estimate(grey_png(250)).faces.at(0).at_least) << "not asked for";
  asking.at_least = -1;
  EXPECT_THAT(error_of<Error>([&] { AgeEstimator::open(asking); }), HasSubstr("-1 years or older"));
}

TEST_F(Estimators, are_used_by_ten_threads_at_once) {
  AgeEstimator estimator = open();
  std::array<int, 10> wrong{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        std::vector<std::byte> dark = grey_png(5), bright = grey_png(250);
        for (int i = 0; i < 20; ++i) {
          std::vector<std::span<const std::byte>> three{bright, dark, bright};
          std::vector<Picture> answers = estimator.estimate_all(three);
          wrong[t] += age_of(estimator.estimate(t % 2 == 0 ? dark : bright)) == (t % 2 == 0 ? 20 : 70) ? 0 : 1;
          wrong[t] += age_of(answers[0]) == 70 && age_of(answers[1]) == 20 && age_of(answers[2]) == 70 ? 0 : 1;
        }
      });
    }
  }
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST_F(Estimators, are_opened_side_by_side_and_moved) {
  AgeEstimator first = open(1), second = open(2);
  EXPECT_EQ(age_of(first.estimate(grey_png(5))), age_of(second.estimate(grey_png(5))));
  first = std::move(second);
  EXPECT_EQ(age_of(first.estimate(grey_png(250))), 70);
}

TEST_F(Estimators, throw_an_error_that_names_what_is_missing_or_wrong) {
  EXPECT_THAT(error_of<Error>([] { (void)AgeEstimator::open("/nowhere/m.safetensors"); }),
              HasSubstr("/nowhere/m.safetensors"));
  Options both = options();
  both.ready_crops = both.detect = true;
  EXPECT_THAT(error_of<Error>([&] { (void)AgeEstimator::open(both); }),
              HasSubstr("cannot be combined with ready crops"));
  Options lost = options();
  lost.detector = "/nowhere/yunet.onnx";
  EXPECT_THAT(error_of<Error>([&] { (void)AgeEstimator::open(lost); }), HasSubstr("/nowhere/yunet.onnx"));
  EXPECT_THAT(error_of<Error>([&] { (void)open(-1); }), HasSubstr("threads"));
  AgeEstimator estimator = open();
  EXPECT_THAT(error_of<Error>([&] { (void)estimator.estimate(ImageView{}); }), HasSubstr("an image must have pixels"));
  EXPECT_EQ(age_of(estimator.estimate(grey_png(250))), 70);  // and goes on
}

TEST_F(Estimators, do_not_hang_in_a_child_process_but_say_to_open_another) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the allocator of clang 14's AddressSanitizer hangs in a child process if another thread held its "
                  "lock during fork()";
#endif
#endif
  AgeEstimator estimator = open();
  pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // a child that hangs is a failure, not a test without end
    int result =
        error_of<Error>([&] { (void)estimator.estimate(grey_png(250)); }).starts_with("this estimator was opened") ? 0
                                                                                                                   : 1;
    {
      AgeEstimator gone = std::move(estimator);  // and is destroyed there
    }
    result += age_of(open(1).estimate(grey_png(250))) == 70 ? 0 : 2;
    ::_exit(result);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(age_of(estimator.estimate(grey_png(5))), 20);
}

// What a host has of its own.
struct Surroundings {
  int openmp_threads = omp_get_max_threads();
  int rounding = std::fegetround();
  std::string c_locale = std::setlocale(LC_ALL, nullptr), locale = std::locale().name();
  std::vector<void (*)(int)> handlers;

  Surroundings() {
    for (int signal = 1; signal < 32; ++signal) {
      struct sigaction action {};
      ::sigaction(signal, nullptr, &action);
      handlers.push_back(action.sa_handler);
    }
  }
  friend bool operator==(const Surroundings&, const Surroundings&) = default;
};

TEST_F(Estimators, leave_threads_locale_and_signals_of_the_host_as_they_are) {
  omp_set_num_threads(7);
  Surroundings before;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  {
    Options detecting = options(1);
    detecting.detect = true;
    AgeEstimator estimator = AgeEstimator::open(detecting);
    (void)estimator.estimate(grey_png(250, 200, 200));
    (void)estimator.estimate(std::vector<std::byte>(5));
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(Surroundings(), before);
  EXPECT_EQ(omp_get_max_threads(), 7);
}

TEST(PublicHeaders, include_the_standard_library_alone) {
  for (const char* name : {"agewise.h", "agewise_c.h", "training.h"}) {
    std::string text = base::read_text_file(std::string(AGEWISE_SOURCE_DIR "/include/agewise/") + name, 1 << 20);
    static const std::regex kInclude("#include (.*)");
    static const std::regex kStandard("<[a-z_]+(\\.h)?>");
    for (std::sregex_iterator i(text.begin(), text.end(), kInclude), end; i != end; ++i) {
      std::string included = (*i)[1];
      if (included == "\"agewise/agewise.h\"") continue;
      EXPECT_TRUE(std::regex_match(included, kStandard)) << name << " includes " << included;
      EXPECT_NE(included, "<filesystem>");  // which takes longer to compile than all others
    }
  }
}

}  // namespace
}  // namespace agewise::library
