// Training from code: what `agewise prepare`, `train`, `evaluate` and `export` do, by the same functions.
//
//   using namespace agewise;
//   training::PrepareOptions from;
//   from.labels = {"labels.csv"};                        // who is how old: docs/labels.md
//   from.pictures = {"photos/"};                         // a folder, tar or zip
//   from.recipe = "compact";                             // docs/recipes.md
//   training::prepare("faces.db", from);                 // labelled pictures to a store of faces
//   training::train("run", {.data = "faces.db"});        // a store to a run, which holds the model
//   std::cout << training::evaluate("run").all.model.mae << " years\n";
//   auto estimator = AgeEstimator::open("run");
//
// One level below agewise.h and less stable: structs get members and functions parameters from one minor version to the
// next, so that a program is compiled anew for each.
//
// All functions may be called by several threads at once, for different stores and runs; two that write the same one
// are refused. They use `threads` threads of their own and leave the caller's OpenMP, locale and signal handlers as
// they are; nothing prints or exits. What is broken is an agewise::Error that names the file and says what to do.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agewise/agewise.h"

namespace agewise::training {

// Work that was asked to stop, and has saved all that it had: the same call resumes it.
class AGEWISE_API Interrupted : public Error {
 public:
  using Error::Error;
};

struct Progress {
  std::string what;                   // "preparing", "epoch 3 of 100"
  std::uint64_t done = 0, total = 0;  // pictures, or steps; total 0: not known
  std::uint64_t rejects = 0;          // of those done
};

// How long work tells where it is and is asked to stop. The functions may be empty; they are called from a thread of
// the library's, one at a time, and should be quick. What they throw ends the work as a crash would, and becomes
// the call's Error; to end it well they set `stop`.
struct Watch {
  std::function<void(const Progress&)> progress;   // often
  std::function<void(const std::string&)> notice;  // what a user should know, in a sentence
  const std::atomic<bool>* stop = nullptr;         // set by any thread or signal handler: see Interrupted
};

// ---- Stores

enum class Part : int { train = 0, val = 1, test = 2 };
enum class Gender : int { unknown = 0, female = 1, male = 2 };

// One face of a store, without its pixels. What the labels do not say is empty, unknown or NaN.
struct StoredFace {
  std::int64_t row = 0;  // number of the label row, from 0
  std::string file;      // as the labels call it
  std::string source, person, race;
  double age = 0;                    // years; NaN where the labels give only a range:
  double age_low = 0, age_high = 0;  // years, both ends included, age_high may be infinite; else both are `age`
  double age_sigma = 0;              // years, the deviation of an apparent age
  Gender gender = Gender::unknown;
  Part part = Part::train;
  // Where it was cut out of its picture turned upright by the EXIF tag, as in agewise::Face; absent: it is the whole
  // picture.
  std::optional<Box> box;
  double angle = 0;       // degrees, clockwise
  double replicated = 0;  // share of it that lies outside the picture, 0 … 1
};

// A file that prepare() made, open for reading. Every face is compared with its checksum when it is read.
class AGEWISE_API Store {
 public:
  // Throws Error for a file that is missing, broken, no store, or being written.
  static Store open(const std::string& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  const std::vector<StoredFace>& faces() const;         // in label order
  std::vector<std::size_t> part(Part part) const;       // places in faces(), ascending
  std::map<std::string, std::int64_t> rejects() const;  // why label rows became no face, and how many each
  int side() const;                                     // pixels: every face is side × side …
  int channels() const;                                 // … grey (1) or red, green, blue (3)

  // The faces of these places in faces(), one after the other in `pixels`, which has
  // places.size() × side × side × channels values: rows from the top, channels interleaved. Decoded by `threads`
  // threads (0: one a processor); any number of threads may call it at once.
  void read(std::span<const std::size_t> places, std::span<std::uint8_t> pixels, int threads = 1) const;

  const std::string& file() const;
  const std::string& recipe() const;  // TOML, every key spelled out
  const std::string& labels() const;  // which label files, with hashes: a line each
  bool complete() const;              // false: prepare() was stopped and has more to do

 private:
  class Host;
  explicit Store(std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

struct PrepareOptions {
  std::vector<std::string> labels;      // tables, IMDB-WIKI's .mat, pictures with ages in their names
  std::vector<std::string> pictures;    // folders, tars, zips
  std::string columns, gender, names;   // as --columns, --gender and --names: what labels do not say themselves
  std::string recipe = "seed";          // a built-in name or a .toml file
  std::vector<std::string> settings;    // keys of the recipe: "face.size=64"
  std::size_t limit = 0;                // of label rows, before screening; 0: all
  std::optional<std::uint64_t> sample;  // with limit: rows are drawn at random, with this seed
  bool balance = false;                 // drop rows at random until every class has as few as the rarest
  int threads = 0;                      // 0: one a processor
};

struct Prepared {
  std::int64_t faces = 0;                       // in the store
  std::int64_t whole_pictures = 0;              // of these: no face was found, the picture was taken whole
  std::map<std::string, std::int64_t> rejects;  // in the store: reason and number of label rows
  std::int64_t not_asked_for = 0;               // pictures that no label row names
  bool resumed = false;                         // an earlier call had begun the store
  bool was_complete = false;                    // … or finished it: no picture was read
};

// Labelled pictures to a store. An unfinished store is resumed. Throws Error where no face at all could be prepared.
AGEWISE_API Prepared prepare(const std::string& store, const PrepareOptions& options, const Watch& watch = {});

// ---- Runs

struct TrainOptions {
  std::string data;                   // the store; empty: that of the run
  std::string recipe;                 // empty: the store's own, or with `resume` the run's
  std::vector<std::string> settings;  // "train.epochs=30"
  bool resume = false;                // fail where there is no run, instead of beginning one
  std::string from;                   // a model or run whose weights to begin with
  std::string teacher;                // a model or run whose estimates are learned beside the labels
  // At most one: several networks, one after the other (docs/training.md).
  int folds = 0, ensemble = 0;
  bool leave_one_person_out = false;
  bool keep_model_only = false;        // at the end, drop what only resuming needs
  int threads = 0;                     // 0: one a processor
  Kernels kernels = Kernels::fastest;  // a run keeps those that it began with
};

struct Scores {
  double loss = 0;      // mean over the pictures
  double accuracy = 0;  // share of pictures in the right class, 0 … 1
  double mae = 0;       // years
};

struct Epoch {
  int epoch = 0;                 // from 1
  Scores train;                  // as seen while training: with dropout, on weights that move
  Scores validation;             // of the weights after the epoch
  double epsilon_error = 0;      // of the validation part; NaN where deviations are not known
  double learning_rate = 0;      // of the epoch's last step
  double seconds = 0;            // training and validating
  double images_per_second = 0;  // while training; NaN: not known
  double wait_seconds = 0;       // of the training, in which the network had no pictures
  double seconds_left = 0;       // until the last epoch; NaN: not known
  bool best = false;             // better than all epochs before
};

struct TrainWatch : Watch {
  std::function<void(const Epoch&)> epoch_done;    // after it is in the log and its checkpoint is written
  std::function<void(const std::string&)> begins;  // of several networks which comes next: "fold-01, 1 of 5"
};

struct TrainedNetwork {
  std::string name;  // of several: its folder in the run
  int epochs = 0;    // done in all
  int best_epoch = 0;
  bool stopped_early = false;  // by train.patience
  Scores best;                 // of the best epoch, on the pictures by which it was chosen
};

// Trains a network on a store, in the folder `run`: recipe, log and checkpoints, which `agewise train` resumes as this
// does a run of the program's; a report is drawn by `agewise evaluate run`. An unfinished run is resumed, with the same
// kernels and threads to the same bits. What stops, by watch.stop, is saved at once. One element, or one a network.
AGEWISE_API std::vector<TrainedNetwork> train(const std::string& run, const TrainOptions& options,
                                              const TrainWatch& watch = {});

// A run's finished epochs, also while it is trained; of several networks name one's folder, "run/fold-01".
AGEWISE_API std::vector<Epoch> read_log(const std::string& run);

// ---- Models

struct ModelInfo {
  std::string file;    // of a run its best checkpoint
  std::string recipe;  // TOML
  std::vector<AgeClass> classes;
  std::map<std::string, std::string> notes;  // "licence", "data" …
  std::int64_t parameters = 0;               // of all its networks
  int networks = 1;
};

// model: a model file, or a run; empty: the bundled model.
AGEWISE_API ModelInfo read_model(const std::string& model = "");

// Writes a model as one file, over whatever is there: FILE.onnx, for other programs, or FILE.safetensors. Throws Error
// for a model that ONNX cannot hold (whitening, a gender head), and for a file that is the model's own.
AGEWISE_API void export_model(const std::string& model, const std::string& file);

struct EvaluateOptions {
  std::string data;          // the store; empty: that of the run
  std::optional<Part> part;  // nothing: test, or val in a store without test pictures
  bool other_cut = false;    // accept faces that are cut otherwise than the model's
  int threads = 0;           // 0: one a processor
  Kernels kernels = Kernels::fastest;
};

struct Errors {
  double accuracy = 0;                         // share in the right class, 0 … 1
  double mae = 0;                              // years; NaN where an estimate is missing
  double mean_error = 0;                       // years, estimate - truth; NaN so, too
  double cs1 = 0, cs3 = 0, cs5 = 0, cs10 = 0;  // % of the pictures that are off by no more years than that
  std::optional<double> epsilon_error;         // where the deviation of every age is known
};

struct Group {
  std::string name;  // "20–29", "female"
  std::int64_t pictures = 0;
  Errors model;
  Errors baseline;  // of always answering the commonest class and the mean age
};

struct Estimated {
  std::int64_t row = 0;  // StoredFace::row
  double age = 0;        // years; NaN where the labels give only a range
  double estimate = 0;   // years; NaN where the network gave none
};

struct Evaluation {
  Part part = Part::test;
  Group all;  // NaN where no age of the part is known exactly: then pictures is 0, and json tells of the ranges
  std::vector<Group> decades, genders, races, sources;
  std::vector<Estimated> estimates;  // of every picture of the part, in label order
  std::vector<std::string> caveats;  // what a reader of the figures must know; mostly none
  std::string json;                  // everything, as `agewise evaluate --json` prints it
};

// How good a model (or run; empty: the bundled model) is on a part of a store. Reads, and writes nothing.
AGEWISE_API Evaluation evaluate(const std::string& model, const EvaluateOptions& options = {}, const Watch& watch = {});

}  // namespace agewise::training
