// agewise predict --model M PICTURE|DIR…: the age in each picture, or of each face in it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/folders.h"
#include "agewise/base/workers.h"
#include "agewise/estimate/estimator.h"
#include "agewise/estimate/json.h"
#include "agewise/face/reader.h"
#include "agewise/face/spec.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/image/kinds.h"
#include "agewise/report/marks.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/shipped_model.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t kFacesAtOnce = 32;
constexpr std::uint64_t kLargestFile = std::uint64_t{64} << 20;  // bytes
constexpr std::uint64_t kMostPixels = 50'000'000;                // in memory, of each thread

struct Arguments {
  std::string model;
  std::vector<std::string> paths;
  std::string draw;    // a picture to write; empty: none
  std::string inputs;  // a file to write; empty: none
  std::string box;     // where the face is; empty: not said
  bool json = false, distribution = false, force = false, verbose = false;
  DetectOptions detection;
};

bool is_named_as_a_picture(const Path& file) {
  return image::has_picture_ending(file.string()) && !image::is_litter(file.string());
}

// What is to be looked at, and what of it cannot be.
struct Asked {
  std::vector<Path> files;
  std::vector<base::UnreadableFolder> unreadable;
};

// Files as they are named, folders as the pictures anywhere under them, sorted.
Asked files_of(const std::vector<std::string>& paths) {
  Asked asked;
  for (const std::string& path : paths) {
    std::error_code unknown;  // then opening it says why
    if (!std::filesystem::is_directory(path, unknown)) {
      asked.files.emplace_back(path);
      continue;
    }
    base::FolderContent content = base::files_under(path);
    std::erase_if(content.files, [](const Path& file) { return !is_named_as_a_picture(file); });
    if (content.files.empty() && content.unreadable.empty())
      throw base::file_error(path, "holds no pictures (" + std::string(image::kKindsRead) + ")");
    std::ranges::move(content.files, std::back_inserter(asked.files));
    std::ranges::move(content.unreadable, std::back_inserter(asked.unreadable));
  }
  return asked;
}

// A file's faces, or a line that says why it could not be read.
struct Loaded {
  Path file;
  face::PictureFaces faces;
  std::string problem;
};

Loaded load(const Path& file, face::FaceReader& reader, const face::Wanted& wanted) {
  try {
    face::PictureFaces faces = reader.read(base::read_file(file, kLargestFile), wanted);
    if (!faces.problem.empty()) throw base::file_error(file, faces.problem);
    return {file, std::move(faces), ""};
  } catch (const base::Error& error) {
    return {file, {}, error.what()};
  }
}

// A thread a reader.
std::vector<Loaded> load_all(std::span<const Path> files, std::span<face::FaceReader> readers,
                             const face::Wanted& wanted) {
  std::vector<Loaded> loaded(files.size());
  std::atomic<std::size_t> next{0};
  base::parallel_for(static_cast<int>(readers.size()), readers.size(), [&](std::size_t reader) {
    for (std::size_t i; (i = next++) < files.size();) loaded[i] = load(files[i], readers[reader], wanted);
  });
  return loaded;
}

// Where in its picture a face is; wordy: and how sure the detector is of it.
std::string place_text(const face::FaceCut& cut, bool wordy) {
  if (!cut.face) return "  no face found: the whole picture";
  const image::Box& box = cut.face->box;
  std::string text =
      fmt::format("  at {:.0f},{:.0f} {:.0f}×{:.0f}", box.left, box.top, box.right - box.left, box.bottom - box.top);
  if (cut.face->angle != 0) text += fmt::format(", turned {:.0f}°", cut.face->angle);
  if (!wordy) return text;
  if (cut.face->score > 0) text += fmt::format(", detector's score {:.1f}", cut.face->score);  // a given place has none
  if (cut.replicated >= 0.005)
    text += fmt::format(", {:.0f} % of the cut-out lies outside the picture", 100 * cut.replicated);
  return text;
}

// "34.2" or, of a calibrated model, "34.2 (27–42)".
std::string age_text(const estimate::Estimate& estimate) {
  std::string age = fmt::format("{:5.1f}", estimate.age);
  if (!estimate.interval) return age;
  return age + fmt::format(" {:>9}", fmt::format("({:.0f}–{:.0f})", estimate.interval->low, estimate.interval->high));
}

// Prints results as they come.
class Printer {
 public:
  Printer(const Arguments& arguments, const estimate::Model& model)
      : arguments_(arguments), model_(model), classes_(model.classes) {
    for (const std::string& name : classes_.names) name_width_ = std::max(name_width_, display_width(name));
    names_classes_ = model.recipe.classes.years == 0;  // a year beside an age says nothing more
  }

  void face(const Path& file, const face::FaceCut& cut, const std::string& refusal,
            const estimate::Estimate& estimate) {
    bool none = std::isnan(estimate.age);
    if (arguments_.json) {
      nlohmann::ordered_json json{{"file", file.string()}};
      json.update(estimate::to_json(model_, cut, refusal, estimate));
      if (arguments_.distribution && refusal.empty() && !none) json["distribution"] = distribution_of(estimate);
      return element(json);
    }
    if (!refusal.empty() || none) {
      return print(fmt::format("    –  {}{}  {}\n", file.string(), place_of_face(cut),
                               none && refusal.empty() ? estimate::kNoAge : refusal));
    }
    const std::string& name = classes_.names[estimate.most_likely_class];
    std::string spread = estimate.members.empty() ? "" : fmt::format(" ±{:4.1f}", estimate::spread_of(estimate));
    std::string gender = estimate.male ? fmt::format("{:4.0f} % male  ", 100 * *estimate.male) : "";
    std::string column = names_classes_ ? name + std::string(name_width_ - display_width(name), ' ') + "  " : "";
    print(
        fmt::format("{}{}  {}{}{}{}\n", age_text(estimate), spread, gender, column, file.string(), place_of_face(cut)));
    if (!arguments_.distribution) return;
    for (int c = 0; c < classes_.count(); ++c) {
      print(fmt::format("       {:5.1f} %  {}\n", 100 * estimate.distribution[c], classes_.names[c]));
    }
  }

  // Where somebody reads it and no program does.
  void head() const {
    if (arguments_.json || ::isatty(STDOUT_FILENO) != 1) return;
    std::string interval =
        model_.intervals ? fmt::format(" {:>9}", fmt::format("({:.0f} %)", 100 * model_.intervals->coverage)) : "";
    std::string spread = model_.others.empty() ? "" : "   dev";
    std::string gender = model_.recipe.train.gender_weight > 0 ? "gender       " : "";
    std::string column = names_classes_ ? fmt::format("{:<{}}  ", "class", name_width_) : "";
    print(fmt::format("{:>5}{}{}  {}{}file\n", "age", interval, spread, gender, column));
  }

  void no_face(const Path& file) {
    if (arguments_.json) return element({{"file", file.string()}, {"box", nullptr}, {"age", nullptr}});
    print(fmt::format("    –  {}  {}  no face found\n", std::string(name_width_, ' '), file.string()));
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
    print((any_ ? ",\n" : "[\n") + json_text(json));
    any_ = true;
  }

  std::string place_of_face(const face::FaceCut& cut) const {
    return cut.face || face::cuts_faces(model_.recipe.face) ? place_text(cut, arguments_.verbose) : "";
  }

  nlohmann::ordered_json distribution_of(const estimate::Estimate& estimate) const {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (int c = 0; c < classes_.count(); ++c) {
      json.push_back({{"class", classes_.names[c]}, {"probability", estimate.distribution[c]}});
    }
    return json;
  }

  const Arguments& arguments_;
  const estimate::Model& model_;
  const age::Classes& classes_;
  std::size_t name_width_ = 0;
  bool names_classes_ = true;
  bool any_ = false;
};

// The file again, with all that was found in it.
void draw(const Loaded& loaded, std::span<const estimate::Estimate> estimates, const Path& file) {
  std::vector<report::Mark> marks;
  const std::vector<face::FaceCut>& cuts = loaded.faces.cuts;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (!cuts[i].face) continue;
    bool told = loaded.faces.refusals[i].empty() && !std::isnan(estimates[i].age);
    marks.push_back({*cuts[i].face, told ? fmt::format("{:.0f}", estimates[i].age) : "?"});
  }
  image::Decoded picture =
      image::decode(base::read_file(loaded.file, kLargestFile), {.max_pixels = kMostPixels, .reduce_to_fit = true});
  if (!picture.image) throw base::file_error(loaded.file, picture.problem);
  for (report::Mark& mark : marks) mark.face.box = face::scaled(mark.face.box, 1.0 / picture.reduction);
  base::write_file(file, image::with_software_mark(image::encode_png(report::with_marks(*picture.image, marks))));
}

// Of the faces whose age is told, what the network was shown of each.
void write_inputs(const std::vector<Loaded>& loaded, std::span<const estimate::Estimate> estimates,
                  const recipe::Recipe& recipe, base::FileWriter& file) {
  auto estimate = estimates.begin();
  for (const Loaded& one : loaded) {
    for (std::size_t i = 0; i < one.faces.cuts.size(); ++i, ++estimate) {
      if (!one.faces.refusals[i].empty() || !std::isfinite(estimate->age)) continue;
      std::vector<std::uint8_t> pixels = estimate::network_pixels(recipe, one.faces.cuts[i].image);
      file.write(std::as_bytes(std::span(pixels)));
    }
  }
}

struct Counts {
  std::size_t unread = 0;   // pictures
  std::size_t ageless = 0;  // faces of which the network's output is not a number
};

// Whether a picture looks like a photograph rather than a face that was cut out: it is large, or far from square.
bool is_like_a_photograph(const image::PictureInfo& info) {
  constexpr int kLarge = 1024, kSmall = 256;
  int longer = std::max(info.width, info.height), shorter = std::min(info.width, info.height);
  return longer >= kLarge || (longer >= kSmall && longer * 5 >= shorter * 6);
}

// Of the first one; false if there is none.
bool warn_of_photograph(const std::vector<Loaded>& loaded) {
  auto photograph = std::ranges::find_if(
      loaded, [](const Loaded& one) { return one.problem.empty() && is_like_a_photograph(one.faces.info); });
  if (photograph == loaded.end()) return false;
  warn(
      photograph->file.string() +
      ": the whole picture is taken for one face, as this model expects faces that are cut out; --detect looks for the "
      "faces in it");
  return true;
}

// Estimates and prints what could be loaded.
Counts estimate_and_print(const std::vector<Loaded>& loaded, estimate::Estimator& estimator, Printer& printer,
                          const std::string& drawn, base::FileWriter* inputs) {
  std::vector<image::Image> faces;
  for (const Loaded& one : loaded) {
    for (const face::FaceCut& cut : one.faces.cuts) faces.push_back(cut.image);
  }
  std::vector<estimate::Estimate> estimates = estimator.estimate(faces);
  if (inputs != nullptr) write_inputs(loaded, estimates, estimator.model().recipe, *inputs);
  std::span<const estimate::Estimate> left(estimates);
  Counts counts;
  for (const Loaded& one : loaded) {
    std::span<const estimate::Estimate> own = left.first(one.faces.cuts.size());
    left = left.subspan(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      printer.face(one.file, one.faces.cuts[i], one.faces.refusals[i], own[i]);
      if (one.faces.refusals[i].empty() && std::isnan(own[i].age)) ++counts.ageless;
    }
    if (!one.problem.empty()) {
      printer.problem(one.file, one.problem);
      ++counts.unread;
    } else if (own.empty()) {
      printer.no_face(one.file);
    }
    if (!drawn.empty() && one.problem.empty()) draw(one, own, drawn);
  }
  return counts;
}

// What could not be done, as one sentence.
void fail_for(const Counts& counts, const Asked& asked) {
  std::vector<std::string> parts;
  if (counts.unread > 0)
    parts.push_back(fmt::format("{} of {} pictures could not be read", counts.unread, asked.files.size()));
  if (!asked.unreadable.empty())
    parts.push_back(fmt::format("{} folder{} could not be listed", asked.unreadable.size(),
                                asked.unreadable.size() == 1 ? "" : "s"));
  if (counts.ageless > 0)
    parts.push_back(fmt::format("the network gives no age for {} face{}: its output is not a number", counts.ageless,
                                counts.ageless == 1 ? "" : "s"));
  if (!parts.empty()) throw base::Error(fmt::format("{}", fmt::join(parts, "; ")));
}

estimate::Model load_model(const Arguments& arguments) {
  estimate::Model model =
      estimate::read_model(arguments.model.empty() ? shipped_model() : train::model_file_of(arguments.model));
  apply_detection(arguments.detection, model.recipe);
  if (!arguments.draw.empty() && arguments.box.empty() && !face::cuts_faces(model.recipe.face))
    throw base::UsageError(
        "--draw marks the faces that are found, but this model takes pictures for faces: add --detect");
  return model;
}

// --box: LEFT,TOP,RIGHT,BOTTOM and perhaps the angle.
face::Wanted wanted_faces(const std::string& box) {
  if (box.empty()) return face::Everyone{};
  auto numbers = nlohmann::json::parse("[" + box + "]", nullptr, /*allow_exceptions=*/false);
  bool right = numbers.is_array() && (numbers.size() == 4 || numbers.size() == 5) &&
               std::all_of(numbers.begin(), numbers.end(), [](const auto& number) { return number.is_number(); });
  if (!right) {
    throw base::UsageError(
        "--box must be LEFT,TOP,RIGHT,BOTTOM in pixels, with the face's angle as a fifth number where it is turned");
  }
  auto at = [&](std::size_t i) { return numbers[i].get<double>(); };
  return face::Face{{at(0), at(1), at(2), at(3)}, numbers.size() == 5 ? at(4) : 0};
}

std::vector<face::FaceReader> readers_for(const recipe::FaceRecipe& recipe, const Arguments& arguments,
                                          std::size_t count) {
  std::vector<face::FaceReader> readers;
  for (std::size_t i = 0; i < count; ++i)
    readers.emplace_back(recipe, face::PixelLimit{kMostPixels}, /*looks_for_faces=*/arguments.box.empty());
  return readers;
}

void check_outputs(const Arguments& arguments, const std::vector<Path>& files) {
  if (!arguments.box.empty() && files.size() != 1)
    throw base::UsageError("--box says where the face is in one picture; give it alone");
  if (!arguments.inputs.empty()) check_output(arguments.inputs, OutputKind::unmarked, arguments.force, files);
  if (arguments.draw.empty()) return;
  if (files.size() != 1) throw base::UsageError("--draw marks up one picture; give it alone");
  check_output(arguments.draw, OutputKind::png, arguments.force, files);
}

void run(const Arguments& arguments, const Context& context) {
  Asked asked = files_of(arguments.paths);
  const std::vector<Path>& files = asked.files;
  face::Wanted wanted = wanted_faces(arguments.box);
  check_outputs(arguments, files);
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  auto batch = static_cast<int>(std::clamp<std::size_t>(files.size(), 1, kFacesAtOnce));
  estimate::Estimator estimator(load_model(arguments), *engine, batch);
  std::vector<face::FaceReader> readers =
      readers_for(estimator.model().recipe.face, arguments,
                  std::clamp<std::size_t>(files.size(), 1, static_cast<std::size_t>(context.threads)));
  std::optional<base::FileWriter> inputs;
  if (!arguments.inputs.empty()) inputs.emplace(arguments.inputs);
  Printer printer(arguments, estimator.model());
  ProgressLine line;
  base::ProgressSink progress = line.sink();

  for (const base::UnreadableFolder& folder : asked.unreadable)
    printer.problem(folder.path, base::file_error(folder.path, "cannot be listed: " + folder.reason).what());
  printer.head();
  std::span<const Path> left(files);
  // The next pictures are decoded while the network is busy with these.
  auto take = [&] {
    std::span<const Path> now = left.first(std::min(left.size(), kFacesAtOnce));
    left = left.subspan(now.size());
    return std::async(std::launch::async, [&readers, &wanted, now] { return load_all(now, readers, wanted); });
  };
  std::size_t done = 0;
  Counts counts;
  // That whole pictures are taken for faces: where they are.
  bool told = face::cuts_faces(estimator.model().recipe.face) || !arguments.box.empty();
  for (std::future<std::vector<Loaded>> next = take(); done < files.size();) {
    if (context.stop) throw base::Interrupted(fmt::format("stopped after {} of {} pictures", done, files.size()));
    std::vector<Loaded> now = next.get();
    if (!left.empty()) next = take();
    line.clear();
    if (!told) told = warn_of_photograph(now);
    Counts more = estimate_and_print(now, estimator, printer, arguments.draw, inputs ? &*inputs : nullptr);
    counts.unread += more.unread;
    counts.ageless += more.ageless;
    done += now.size();
    if (progress) progress({"estimating", done, files.size(), counts.unread});
  }
  printer.end();
  if (inputs) inputs->commit();
  fail_for(counts, asked);
}

}  // namespace

void add_predict(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "predict",
      "The age in each picture. A model that was trained on faces which were cut out of their pictures looks for every "
      "face in it and cuts it in the same way; one that was trained on ready crops takes the whole picture for the "
      "face, "
      "unless told to look (--detect)");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--model", arguments->model,
                      "A model file, or a run: its best checkpoint; the one that comes with agewise by default");
  command
      ->add_option("PICTURE", arguments->paths, "Pictures (" + std::string(image::kKindsRead) + "), or folders of them")
      ->required();
  add_detect_options(*command, arguments->detection);
  command->add_option(
      "--box", arguments->box,
      "Where the face is in the one picture, instead of looking for it: LEFT,TOP,RIGHT,BOTTOM in pixels "
      "of the upright picture, and the angle, as --json prints them");
  command->add_option("--inputs", arguments->inputs,
                      "A file to write: the pixels that the network is shown of each face whose age is told, bytes, "
                      "channels × rows × columns");
  command->add_option("--draw", arguments->draw, "A PNG to write: the picture with its faces and ages marked");
  add_force_option(*command, arguments->force);
  command->add_flag("--verbose", arguments->verbose, "Print the detector's score of each face as well");
  command->add_flag("--distribution", arguments->distribution, "Print the probability of every class");
  command->add_flag("--json", arguments->json, "Print as JSON, one face a line");
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
