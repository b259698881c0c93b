// agewise predict --model M PICTURE|DIR…: the age in each picture.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/workers.h"
#include "agewise/estimate/estimator.h"
#include "agewise/image/decode.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/terminal.h"

namespace agewise {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t kFacesAtOnce = 32;
constexpr std::uint64_t kLargestFile = std::uint64_t{64} << 20;  // bytes
constexpr std::uint64_t kMostPixels = 50'000'000;                // in memory, of each thread

struct Arguments {
  std::string model;
  std::vector<std::string> paths;
  bool json = false, distribution = false;
};

bool is_named_as_a_picture(const Path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto known = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"};
  return std::find(known.begin(), known.end(), ending) != known.end();
}

// Files as they are named, folders as the pictures anywhere under them, sorted.
std::vector<Path> files_of(const std::vector<std::string>& paths) {
  std::vector<Path> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    std::size_t before = files.size();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && is_named_as_a_picture(entry.path())) files.push_back(entry.path());
    }
    if (files.size() == before) throw file_error(path, "holds no pictures (.jpg, .png, .webp, .heic)");
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

// A file's face, or a line that says why there is none.
struct Loaded {
  Path file;
  std::optional<Image> face;
  std::string problem;
};

Loaded load(const Path& file, const FaceRecipe& recipe) {
  try {
    DecodeOptions options{recipe.colour == Colour::grey, recipe.size, kMostPixels};
    Decoded decoded = decode(read_file(file, kLargestFile), options);
    if (!decoded.image) throw file_error(file, decoded.problem);
    return {file, prepared_face(recipe, *decoded.image), ""};
  } catch (const Error& error) {
    return {file, std::nullopt, error.what()};
  }
}

std::vector<Loaded> load_all(std::span<const Path> files, const FaceRecipe& recipe, int threads) {
  std::vector<Loaded> loaded(files.size());
  parallel_for(threads, files.size(), [&](std::size_t i) { loaded[i] = load(files[i], recipe); });
  return loaded;
}

// Prints results as they come.
class Printer {
 public:
  Printer(const Arguments& arguments, const Classes& classes) : arguments_(arguments), classes_(classes) {
    for (const std::string& name : classes.names) name_width_ = std::max(name_width_, display_width(name));
  }

  void estimate(const Path& file, const Estimate& estimate) {
    const std::string& name = classes_.names[estimate.most_likely_class];
    if (arguments_.json) {
      nlohmann::ordered_json json{{"file", file.string()}, {"age", estimate.age}, {"class", name}};
      if (arguments_.distribution) json["distribution"] = distribution_of(estimate);
      return element(json);
    }
    print(fmt::format("{:5.1f}  {}{}  {}\n", estimate.age, name, std::string(name_width_ - display_width(name), ' '),
                      file.string()));
    if (!arguments_.distribution) return;
    for (int c = 0; c < classes_.count(); ++c) {
      print(fmt::format("       {:5.1f} %  {}\n", 100 * estimate.distribution[c], classes_.names[c]));
    }
  }

  void problem(const Path& file, const std::string& problem) {
    if (arguments_.json) return element({{"file", file.string()}, {"problem", problem}});
    std::fprintf(stderr, "agewise: %s\n", problem.c_str());
  }

  void end() {
    if (arguments_.json) print(any_ ? "\n]\n" : "[]\n");
  }

 private:
  // One line each, so that a folder of any size takes no memory.
  void element(const nlohmann::ordered_json& json) {
    print((any_ ? ",\n" : "[\n") + json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    any_ = true;
  }

  nlohmann::ordered_json distribution_of(const Estimate& estimate) const {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (int c = 0; c < classes_.count(); ++c) {
      json.push_back({{"class", classes_.names[c]}, {"probability", estimate.distribution[c]}});
    }
    return json;
  }

  const Arguments& arguments_;
  const Classes& classes_;
  std::size_t name_width_ = 0;
  bool any_ = false;
};

// Estimates and prints what could be loaded; returns how many could not.
std::size_t estimate_and_print(const std::vector<Loaded>& loaded, Estimator& estimator, Printer& printer) {
  std::vector<Image> faces;
  for (const Loaded& one : loaded) {
    if (one.face) faces.push_back(*one.face);
  }
  std::vector<Estimate> estimates = estimator.estimate(faces);
  auto next = estimates.begin();
  for (const Loaded& one : loaded) {
    if (one.face) {
      printer.estimate(one.file, *next++);
    } else {
      printer.problem(one.file, one.problem);
    }
  }
  return loaded.size() - faces.size();
}

void run(const Arguments& arguments, const Context& context) {
  std::vector<Path> files = files_of(arguments.paths);
  std::unique_ptr<Engine> engine = engine_for(context);
  auto batch = static_cast<int>(std::min(files.size(), kFacesAtOnce));
  Estimator estimator(read_model(model_file_of(arguments.model)), *engine, batch);
  const FaceRecipe& recipe = estimator.model().recipe.face;
  Printer printer(arguments, estimator.model().classes);
  ProgressLine line;
  ProgressSink progress = line.sink();

  std::span<const Path> left(files);
  // The next pictures are decoded while the network is busy with these.
  auto take = [&] {
    std::span<const Path> now = left.first(std::min(left.size(), kFacesAtOnce));
    left = left.subspan(now.size());
    return std::async(std::launch::async, load_all, now, recipe, context.threads);
  };
  std::size_t done = 0, problems = 0;
  for (std::future<std::vector<Loaded>> next = take(); done < files.size();) {
    if (context.stop) throw Interrupted(fmt::format("stopped after {} of {} pictures", done, files.size()));
    std::vector<Loaded> now = next.get();
    if (!left.empty()) next = take();
    line.clear();
    problems += estimate_and_print(now, estimator, printer);
    done += now.size();
    if (progress) progress({"estimating", done, files.size(), problems});
  }
  printer.end();
  if (problems > 0) throw Error(fmt::format("{} of {} pictures could not be read", problems, files.size()));
}

}  // namespace

void add_predict(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "predict",
      "The age in each picture. Pictures must be face crops, as those that the model was trained on: the whole picture "
      "is taken for the face, none is looked for");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--model", arguments->model, "A model file, or a run: its best checkpoint")->required();
  command->add_option("PICTURE", arguments->paths, "Pictures (JPEG, PNG, WebP, HEIC), or folders of them")->required();
  command->add_flag("--distribution", arguments->distribution, "Print the probability of every class");
  command->add_flag("--json", arguments->json, "Print as JSON, one picture a line");
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise
