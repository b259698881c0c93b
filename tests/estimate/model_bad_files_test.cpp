// Broken and foreign model files, one by one: each is refused with a line that names the file and what is wrong.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <functional>

#include "agewise/base/error.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What a good file holds, to be spoilt.
struct Parts {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<float>>> arrays;
};

struct BadModel {
  const char* name;
  std::function<void(Parts&)> spoil;
  const char* message;
};
void PrintTo(const BadModel& model, std::ostream* out) { *out << model.name; }

void replace(std::string& text, const std::string& what, const std::string& with) {
  std::size_t place = text.find(what);
  ASSERT_NE(place, std::string::npos) << what;
  text.replace(place, what.size(), with);
}

std::vector<BadModel> bad_models() {
  return {
      {"foreign_file",
       [](Parts& p) {
         p.texts = {{"format", "pt"}};
       },
       "but not an agewise model"},
      {"newer_version", [](Parts& p) { p.texts["agewise_model"] = "2"; }, "written by a newer agewise"},
      {"no_recipe", [](Parts& p) { p.texts.erase("recipe"); }, "metadata has no recipe"},
      {"recipe_with_unknown_key", [](Parts& p) { p.texts["recipe"] += "\n[face2]\n"; }, "metadata recipe"},
      {"recipe_without_classes", [](Parts& p) { replace(p.texts["recipe"], "edges = [", "#"); }, "metadata recipe"},
      {"no_classes", [](Parts& p) { p.texts.erase("classes"); }, "metadata has no classes"},
      {"classes_are_no_json", [](Parts& p) { p.texts["classes"] = "{"; }, "metadata classes"},
      {"one_class_fewer", [](Parts& p) { replace(p.texts["classes"], ",70.0", ""); }, "do not match the recipe"},
      {"other_class_names", [](Parts& p) { replace(p.texts["classes"], "under", "below"); }, "do not match the recipe"},
      {"class_value_is_a_text", [](Parts& p) { replace(p.texts["classes"], "70.0", "\"x\""); }, "metadata classes"},
      {"notes_are_a_list", [](Parts& p) { p.texts["notes"] = "[1]"; }, "metadata notes"},
      {"intervals_of_no_form", [](Parts& p) { p.texts["intervals"] = "{\"coverage\": 0.9}"; },
       "metadata intervals: there must be either groups or bands"},
      {"parameter_missing", [](Parts& p) { p.arrays.erase("outputs.bias"); }, "has no array \"outputs.bias\""},
      {"other_architecture", [](Parts& p) { replace(p.texts["recipe"], "outputs = 'classes'", "outputs = 4"); },
       "outputs 4 × 1 × 1 numbers, but the loss needs 3"},
      {"other_shape",
       [](Parts& p) {
         p.arrays["outputs.weight"].first = {64, 3};
       },
       "\"outputs.weight\": must have the shape [3, 64], but has [64, 3]"},
      {"not_a_number", [](Parts& p) { p.arrays["outputs.weight"].second[3] = NAN; },
       "\"outputs.weight\": holds a value that is not finite"},
      {"infinite_number", [](Parts& p) { p.arrays["outputs.bias"].second[0] = INFINITY; },
       "\"outputs.bias\": holds a value that is not finite"},
      {"array_too_many",
       [](Parts& p) {
         p.arrays["conv1.weight"] = {{1}, {1}};
       },
       "\"conv1.weight\": the network has no such parameter"},
      {"whitening_missing", [](Parts& p) { replace(p.texts["recipe"], "method = 'none'", "method = 'zca'"); },
       "holds no whitening transform"},
  };
}

class BadModelFile : public testing::TestWithParam<BadModel> {};

TEST_P(BadModelFile, is_refused_with_the_reason) {
  auto path = std::filesystem::path(testing::TempDir()) / ("bad" + std::to_string(::getpid()) + ".safetensors");
  write_model(path, small_model());
  Parts parts;
  {
    weights::SafetensorsFile file(path);
    parts.texts = file.metadata();
    for (const weights::StoredTensor& tensor : file.tensors())
      parts.arrays[tensor.name] = {tensor.shape, file.read(tensor.name)};
  }
  EXPECT_NO_THROW(read_model(path));
  GetParam().spoil(parts);
  std::vector<weights::TensorView> tensors;
  for (const auto& [name, array] : parts.arrays) tensors.push_back({name, array.first, array.second});
  weights::write_safetensors(path, parts.texts, tensors);
  try {
    read_model(path);
    ADD_FAILURE() << "was taken";
  } catch (const base::UsageError& error) {
    ADD_FAILURE() << "is nobody's wrong usage: " << error.what();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr(GetParam().message)));
  }
  std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Each, BadModelFile, testing::ValuesIn(bad_models()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(BadModelFile, whose_whitening_is_of_other_pictures_is_refused) {
  auto path = std::filesystem::path(testing::TempDir()) / ("zca" + std::to_string(::getpid()) + ".safetensors");
  Model model = small_model();
  model.recipe.whiten.method = recipe::Whitening::zca;
  model.whitening = whiten::Zca{2, {1, 2}, {1, 0}, {1}, 1, 1, 10};
  write_model(path, model);
  EXPECT_THAT([&] { read_model(path); }, testing::ThrowsMessage<base::Error>(
                                             HasSubstr("the whitening is for 2 pixels, but the network takes 64")));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace agewise::estimate
