// agewise predict PICTURE|FOLDER|ARCHIVE…: the age of each face in each picture.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/text.h"
#include "agewise/estimate/answer.h"
#include "agewise/estimate/pictures.h"
#include "agewise/face/spec.h"
#include "agewise/image/kinds.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/predict_draw.h"
#include "app/predict_files.h"
#include "app/predict_output.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Path = std::filesystem::path;

struct Arguments {
  std::string model;
  std::vector<std::string> paths;
  std::string list;    // of further paths; empty: none
  std::string output;  // a file to write; empty: standard output
  std::string draw;    // a picture or a folder to write; empty: none
  std::string inputs;  // a file to write; empty: none
  std::string box;     // where the face is; empty: not said
  bool json = false, jsonl = false, csv = false;
  bool distribution = false, force = false, verbose = false;
  int at_least = 0;  // years; 0: not asked for
  library::Detection detection;
  std::vector<std::string> settings;
};

// What became of the pictures.
struct Tally {
  std::size_t pictures = 0, faces = 0;
  std::size_t refused = 0;      // faces, too small, too blurred or with too wide an interval
  std::size_t ageless = 0;      // faces of which the network's output is not a number
  std::size_t without = 0;      // pictures without a face
  std::size_t unread = 0;       // pictures
  std::size_t missing = 0;      // of these, files that could not be read at all
  std::size_t passed_over = 0;  // files that are no pictures by their names
  std::vector<double> first_ages;

  void add(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates) {
    ++pictures;
    faces += estimates.size();
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      const std::string& refusal = picture.faces.refusals[i];
      bool told = estimate::reason_of(refusal, estimates[i]).empty();
      bool is_ageless = refusal.empty() && !std::isfinite(estimates[i].age);
      ageless += is_ageless ? 1 : 0;
      refused += told || is_ageless ? 0 : 1;
      constexpr std::size_t kFirst = 100;
      if (told && first_ages.size() < kFirst) first_ages.push_back(estimates[i].age);
    }
    unread += picture.problem.empty() ? 0 : 1;
    missing += picture.missing ? 1 : 0;
    without += picture.problem.empty() && estimates.empty() ? 1 : 0;
  }
};

std::string counted(std::size_t number, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", with_thousands(number), number == 1 ? one : several);
}

// "1,002 pictures: 1,011 faces, 3 without a face, 1 unreadable".
std::string summary_of(const Tally& tally) {
  std::string text = counted(tally.pictures, "picture", "pictures") + ": " + counted(tally.faces, "face", "faces");
  if (tally.refused + tally.ageless > 0)
    text += fmt::format(" ({} of them without an age)", with_thousands(tally.refused + tally.ageless));
  if (tally.without > 0) text += fmt::format(", {} without a face", with_thousands(tally.without));
  if (tally.unread > 0) text += fmt::format(", {} unreadable", with_thousands(tally.unread));
  if (tally.passed_over > 0) text += "; skipped " + counted(tally.passed_over, "other file", "other files");
  return text;
}

// Of an imported network: what it says of the first faces shows whether it is used as it was trained.
void tell_range(const std::vector<double>& ages, const estimate::Model& model) {
  constexpr double kOldest = 120;
  if (ages.empty() || !model.notes.contains("imported from")) return;
  auto [low, high] = std::minmax_element(ages.begin(), ages.end());
  std::string range = fmt::format("the imported network gives ages from {:.1f} to {:.1f} on the first {}", *low, *high,
                                  counted(ages.size(), "face", "faces"));
  if (*low >= 0 && *high <= kOldest) return note(range);
  warn(range +
       ": are these not ages in years? Import it with the --mean, --scale and --bgr that it was trained with, or train "
       "it further (train --from)");
}

// What could not be done, as one sentence. A picture that is broken is counted; that a file is missing, or that no
// picture at all can be read, is a failure.
void fail_for(const Tally& tally, const Asked& asked) {
  std::vector<std::string> parts;
  if (tally.missing > 0 || (tally.unread > 0 && tally.unread == tally.pictures))
    parts.push_back(fmt::format("{} of {} pictures could not be read", tally.unread, tally.pictures));
  if (!asked.unreadable.empty())
    parts.push_back(counted(asked.unreadable.size(), "folder", "folders") + " could not be listed");
  if (tally.ageless > 0)
    parts.push_back("the network gives no age for " + counted(tally.ageless, "face", "faces") +
                    ": its output is not a number");
  if (!parts.empty()) throw base::Error(fmt::format("{}", fmt::join(parts, "; ")));
}

// Of the faces whose age is told, what the network was shown of each.
void write_inputs(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates,
                  const recipe::Recipe& recipe, base::FileWriter& file) {
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (!estimate::reason_of(picture.faces.refusals[i], estimates[i]).empty()) continue;
    std::vector<std::uint8_t> pixels = estimate::network_pixels(recipe, picture.faces.cuts[i].image);
    file.write(std::as_bytes(std::span(pixels)));
  }
}

// Whether a picture looks like a photograph rather than a face that was cut out: it is large, or far from square.
bool is_like_a_photograph(const image::PictureInfo& info) {
  constexpr int kLarge = 1024, kSmall = 256;
  int longer = std::max(info.width, info.height), shorter = std::min(info.width, info.height);
  return longer >= kLarge || (longer >= kSmall && longer * 5 >= shorter * 6);
}

estimate::Model load_model(const Arguments& arguments) {
  estimate::Model model = opened_model(arguments.model, arguments.detection, arguments.settings).model;
  if (!arguments.draw.empty() && arguments.box.empty() && !face::cuts_faces(model.recipe.face))
    throw base::UsageError(
        "--draw marks detected faces, but this model takes each picture as a face crop: add --detect");
  if (arguments.at_least > 0) estimate::check_at_least(model, arguments.at_least);
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
        "--box must be LEFT,TOP,RIGHT,BOTTOM in pixels, optionally followed by the face's angle in degrees");
  }
  auto at = [&](std::size_t i) { return numbers[i].get<double>(); };
  return face::Face{{at(0), at(1), at(2), at(3)}, numbers.size() == 5 ? at(4) : 0};
}

// As it was asked for, or else as the ending of -o says.
PredictFormat format_of(const Arguments& arguments) {
  std::string ending = base::lower(Path(arguments.output).extension().string());
  bool any = arguments.json || arguments.jsonl || arguments.csv;
  if (arguments.csv || (!any && ending == ".csv")) return PredictFormat::csv;
  if (arguments.jsonl || (!any && ending == ".jsonl")) return PredictFormat::jsonl;
  if (arguments.json || (!any && ending == ".json")) return PredictFormat::json;
  return PredictFormat::text;
}

std::vector<face::FaceReader> readers_for(const recipe::FaceRecipe& recipe, const Arguments& arguments,
                                          std::size_t count) {
  std::vector<face::FaceReader> readers;
  for (std::size_t i = 0; i < count; ++i)
    readers.emplace_back(recipe, face::PixelLimit{}, /*looks_for_faces=*/arguments.box.empty());
  return readers;
}

void check_arguments(const Arguments& arguments, PredictFormat format, const Asked& asked) {
  if (!arguments.box.empty() && (asked.files.size() != 1 || asked.has_archives()))
    throw base::UsageError("--box says where the face is in one picture; give only one picture");
  if (arguments.distribution && format == PredictFormat::csv)
    throw base::UsageError("--distribution cannot be printed as CSV; use --jsonl");
  if (!arguments.inputs.empty()) check_output(arguments.inputs, OutputKind::unmarked, arguments.force, asked.paths());
  if (!arguments.output.empty()) {
    check_output(arguments.output, format == PredictFormat::csv ? OutputKind::csv : OutputKind::unmarked,
                 arguments.force, asked.paths());
  }
}

// Standard output, or a file that appears whole when it is committed.
class Output {
 public:
  explicit Output(const std::string& file) {
    if (!file.empty()) file_.emplace(file);
  }
  void write(std::string_view text) {
    if (file_) return file_->write(std::as_bytes(std::span(text)));
    print(text);
  }
  void flush() {
    if (!file_) std::fflush(stdout);
  }
  void commit() {
    if (file_) file_->commit();
  }

 private:
  std::optional<base::FileWriter> file_;
};

// One run of the command, from picture to picture.
class Prediction {
 public:
  Prediction(const Arguments& arguments, const Context& context, PredictFormat format, const Asked& asked)
      : arguments_(arguments),
        context_(context),
        asked_(asked),
        wanted_(wanted_faces(arguments.box)),
        drawings_(arguments.draw, asked, arguments.force),
        engine_(engine_for(context)),
        estimator_(load_model(arguments), *engine_, is_single() ? 1 : estimate::kFacesAtOnce),
        output_(arguments.output),
        writer_({format, arguments.distribution, arguments.verbose, arguments.at_least}, estimator_.model(),
                [this](std::string_view text) { output_.write(text); }),
        takes_crops_(!face::cuts_faces(estimator_.model().recipe.face) && arguments.box.empty()) {
    if (!arguments.inputs.empty()) inputs_.emplace(arguments.inputs);
    tally_.passed_over = asked.passed_over;
  }

  // Throws Interrupted where it was stopped; then what it has written is whole all the same.
  Tally run() {
    for (const base::UnreadableFolder& folder : asked_.unreadable)
      writer_.problem(folder.path.string(), base::file_error(folder.path, "cannot be listed: " + folder.reason).what());
    writer_.begin(/*names_columns=*/arguments_.output.empty() && ::isatty(STDOUT_FILENO) == 1);
    try {
      estimate_all();
    } catch (...) {
      if (arguments_.output.empty()) writer_.end();
      throw;
    }
    line_.clear();
    writer_.end();
    tell_range(tally_.first_ages, estimator_.model());
    output_.commit();
    if (inputs_) inputs_->commit();
    if (context_.stop) throw base::Interrupted("stopped after " + summary_of(tally_));
    return tally_;
  }

 private:
  bool is_single() const { return asked_.files.size() == 1 && !asked_.has_archives(); }

  void estimate_all() {
    auto threads = static_cast<std::size_t>(context_.threads);
    std::vector<face::FaceReader> readers =
        readers_for(estimator_.model().recipe.face, arguments_,
                    asked_.has_archives() ? threads : std::clamp<std::size_t>(asked_.files.size(), 1, threads));
    face::ReadManyOptions options{wanted_, /*keep_bytes=*/drawings_.any()};
    estimate::estimate_pictures(
        readers, pictures_of(asked_, tally_.passed_over), options, estimator_,
        [this](const face::ReadPicture& picture, const std::vector<estimate::Estimate>& estimates) {
          take(picture, estimates);
        },
        context_.stop);
  }

  void take(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates) {
    line_.clear();
    if (takes_crops_ && !warned_ && picture.problem.empty() && is_like_a_photograph(picture.faces.info)) {
      warn(picture.name +
           ": the whole picture is taken as one face, because this model expects face crops; use --detect to find the "
           "faces in it");
      warned_ = true;
    }
    tally_.add(picture, estimates);
    if (inputs_) write_inputs(picture, estimates, estimator_.model().recipe, *inputs_);
    writer_.picture(picture, estimates);
    output_.flush();
    if (drawings_.any() && picture.problem.empty()) drawings_.draw(picture, estimates);
    if (progress_)
      progress_({"estimating", tally_.pictures, asked_.has_archives() ? 0 : asked_.files.size(), tally_.unread});
  }

  const Arguments& arguments_;
  const Context& context_;
  const Asked& asked_;
  face::Wanted wanted_;
  Drawings drawings_;
  std::unique_ptr<nn::Engine> engine_;
  estimate::Estimator estimator_;
  Output output_;
  PredictionWriter writer_;
  std::optional<base::FileWriter> inputs_;
  bool takes_crops_;
  bool warned_ = false;  // that whole pictures are taken for faces, where they are
  ProgressLine line_;
  base::ProgressSink progress_ = line_.sink();
  Tally tally_;
};

void run(const Arguments& arguments, const Context& context) {
  Asked asked = asked_for(arguments.paths, arguments.list);
  PredictFormat format = format_of(arguments);
  check_arguments(arguments, format, asked);
  Tally tally = Prediction(arguments, context, format, asked).run();
  if (tally.pictures != 1 || tally.passed_over > 0) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", summary_of(tally).c_str());
  }
  fail_for(tally, asked);
}

void add_output_options(CLI::App& command, Arguments& arguments) {
  CLI::Option* json = command.add_flag("--json", arguments.json, "Print a JSON array with one object per face");
  CLI::Option* jsonl = command.add_flag("--jsonl", arguments.jsonl, "Print JSON lines: one object per face and line");
  command.add_flag("--csv", arguments.csv, "Print CSV with one row per face")->excludes(json, jsonl);
  jsonl->excludes(json);
  command.add_option("-o,--output", arguments.output,
                     "Write to this file; its ending .json, .jsonl or .csv selects the format if no option does");
  command.add_flag("--distribution", arguments.distribution, "Print the probability of every age class as well");
  command
      .add_option("--at-least", arguments.at_least,
                  "Print the calibrated probability that the person is N years or older, as in --at-least 18; not a "
                  "proof of age")
      ->check(CLI::PositiveNumber);
  command.add_flag("--verbose", arguments.verbose,
                   "Print the detector's score of each face, and how much of its crop lies outside the picture");
  command.add_option(
      "--draw", arguments.draw,
      "Write copies of the pictures with faces and ages marked: to a folder, or for one picture to a PNG file");
  command.add_option(
      "--inputs", arguments.inputs,
      "For debugging: write the network's input pixels of each face with an age to this file, as bytes, channels × "
      "rows × columns");
  add_force_option(command, arguments.force);
}

}  // namespace

void add_predict(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand("predict", "Estimate the age of every face in pictures");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--model", arguments->model, kModelOrDefaultHelp);
  command->add_option("PICTURE", arguments->paths,
                      "Pictures (" + std::string(image::kKindsRead) +
                          "), folders, or archives (zip, tar) of them; - reads a list of paths from standard input");
  command->add_option("--files", arguments->list, "Text file with one such path per line; - is standard input");
  add_detect_options(*command, arguments->detection);
  add_settings_option(*command, arguments->settings);
  command->add_option(
      "--box", arguments->box,
      "Where the face is, for a single picture: LEFT,TOP,RIGHT,BOTTOM[,ANGLE] in pixels of the upright picture and "
      "degrees, as --json prints them");
  add_output_options(*command, *arguments);
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
