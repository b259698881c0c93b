// Training from code: the commands `agewise prepare`, `train`, `evaluate` and `export` as functions.
//
//   using namespace agewise;
//   training::PrepareOptions from;
//   from.labels = {"labels.csv"};                        // docs/labels.md
//   from.pictures = {"photos/"};                         // a folder, tar or zip
//   from.recipe = "compact";                             // docs/recipes.md
//   training::prepare("faces.db", from);                 // labelled pictures to a store of faces
//   training::train("run", {.data = "faces.db"});        // a store to a run, which holds the model
//   std::cout << training::evaluate("run").all.model.mae << " years\n";
//   auto estimator = AgeEstimator::open("run");
//
// One level below agewise.h and less stable: structs get new members and functions new parameters between minor
// versions, so programs must be recompiled for each.
//
// Several threads may call all functions at once for different stores and runs; a second call that would write the same
// one fails. The functions use `threads` threads of their own and leave the caller's OpenMP, locale and signal handlers
// unchanged; nothing prints or exits. Failures are thrown as agewise::Error, which names the file and says what to do.
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

// Thrown when work was stopped on request. What was done is saved, and the same call resumes it.
class AGEWISE_API Interrupted : public Error {
 public:
  using Error::Error;
};

struct Progress {
  std::string what;                   // "preparing", "epoch 3 of 100"
  std::uint64_t done = 0, total = 0;  // pictures, or steps; total is 0 if it is not known
  std::uint64_t rejects = 0;          // of those done
};

// How long-running work reports progress and is stopped. The functions may be empty. They are called from one of the
// library's threads, one at a time, and should return quickly. An exception from them ends the work like a crash and is
// rethrown as Error; to end it properly, they set `stop`.
struct Watch {
  std::function<void(const Progress&)> progress;   // often
  std::function<void(const std::string&)> notice;  // a sentence for the user to read
  const std::atomic<bool>* stop = nullptr;         // set by any thread or signal handler: see Interrupted
};

// ---- Stores

enum class Part : int { train = 0, val = 1, test = 2 };
enum class Gender : int { unknown = 0, female = 1, male = 2 };

// One face of a store, without its pixels. Values that the labels do not give are empty, unknown or NaN.
struct StoredFace {
  std::int64_t row = 0;  // number of the label row, from 0
  std::string file;      // its name in the labels
  std::string source, person, race;
  double age = 0;                    // years; NaN if the labels give only a range:
  double age_low = 0, age_high = 0;  // years, both ends included, age_high may be infinite; otherwise both equal `age`
  double age_sigma = 0;              // years, the standard deviation of an apparent age
  Gender gender = Gender::unknown;
  Part part = Part::train;
  // Where it was cut out of the upright picture, as in agewise::Face; absent: it is the whole picture.
  std::optional<Box> box;
  double angle = 0;       // degrees, clockwise
  double replicated = 0;  // share of the face crop that lies outside the picture, 0 … 1
};

// A store written by prepare(), open for reading. Each face is compared with its checksum when it is read.
class AGEWISE_API Store {
 public:
  // Throws Error if the file is missing, broken, not a store, or being written.
  static Store open(const std::string& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  const std::vector<StoredFace>& faces() const;         // in label order
  std::vector<std::size_t> part(Part part) const;       // places in faces(), ascending
  std::map<std::string, std::int64_t> rejects() const;  // how many label rows were rejected, by reason
  int side() const;                                     // pixels: every face is side × side …
  int channels() const;                                 // … grey (1) or red, green, blue (3)

  // Reads the faces at these places in faces(), one after the other, into `pixels`, which must have
  // places.size() × side × side × channels values: rows from the top, channels interleaved. Decodes on `threads`
  // threads (0: one per processor); any number of threads may call it at once.
  void read(std::span<const std::size_t> places, std::span<std::uint8_t> pixels, int threads = 1) const;

  const std::string& file() const;
  const std::string& recipe() const;  // TOML, with every key
  const std::string& labels() const;  // the label files with their hashes, one per line
  bool complete() const;              // false: prepare() was stopped before the end

 private:
  class Host;
  explicit Store(std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

struct PrepareOptions {
  std::vector<std::string> labels;      // tables, IMDB-WIKI's .mat, pictures with ages in their names
  std::vector<std::string> pictures;    // folders, tars, zips
  std::string columns, gender, names;   // how to read the labels: as --columns, --gender and --names
  std::string recipe = "seed";          // a built-in name or a .toml file
  std::vector<std::string> settings;    // keys of the recipe: "face.size=64"
  std::size_t limit = 0;                // use only so many label rows, counted before screening; 0: all
  std::optional<std::uint64_t> sample;  // with limit: draw the rows at random, with this seed
  bool balance = false;                 // drop rows at random until every class has as many as the rarest
  int threads = 0;                      // 0: one per processor
};

struct Prepared {
  std::int64_t faces = 0;                       // in the store
  std::int64_t whole_pictures = 0;              // of these: no face was found, and the whole picture was used
  std::map<std::string, std::int64_t> rejects;  // in the store: reason and number of label rows
  std::int64_t not_asked_for = 0;               // pictures that no label row names
  bool resumed = false;                         // an earlier call had begun the store
  bool was_complete = false;                    // an earlier call had finished it: no picture was read
};

// Cuts the faces out of labelled pictures and writes them to a store. An incomplete store is resumed. Throws Error if
// no face at all could be prepared.
AGEWISE_API Prepared prepare(const std::string& store, const PrepareOptions& options, const Watch& watch = {});

// ---- Runs

struct TrainOptions {
  std::string data;                   // the store; empty: that, or those, of the run
  std::string recipe;                 // a built-in name or a .toml file; empty: the store's, or with `resume` the run's
  std::vector<std::string> settings;  // "train.epochs=30"
  bool resume = false;                // fail if there is no run, instead of starting one
  std::string from;                   // a model, named as Options::model, whose weights to start from
  std::string teacher;                // a model, likewise, whose estimates are learned along with the labels
  // At most one of these: trains several networks, one after the other (docs/training.md).
  int folds = 0, ensemble = 0;
  bool leave_one_person_out = false;
  bool keep_model_only = false;           // at the end, delete files that are only needed for resuming
  int threads = 0;                        // 0: one per processor
  Kernels kernels = Kernels::fastest;     // a resumed run keeps the kernels that it was started with
  std::vector<std::string> further_data;  // more stores: the network is trained on all of them together
};

// Of a picture whose age is known as a range each class that the range touches is right, and the error is the distance
// of the estimate to the range, 0 inside.
struct Scores {
  double loss = 0;      // mean over the pictures
  double accuracy = 0;  // share of pictures in the right class, 0 … 1
  double mae = 0;       // years
};

struct Epoch {
  int epoch = 0;                            // from 1
  Scores train;                             // measured during the epoch: with dropout, and with weights that change
  Scores validation;                        // of the weights at the end of the epoch
  double epsilon_error = 0;                 // of the validation part; NaN if standard deviations are not known
  double learning_rate = 0;                 // in the epoch's last step
  double seconds = 0;                       // of training and validation
  double images_per_second = 0;             // while training; NaN: not known
  double wait_seconds = 0;                  // of training, in which the network waited for pictures
  double seconds_left = 0;                  // until the last epoch; NaN: not known
  bool best = false;                        // better than all epochs before
  std::vector<Scores> validation_by_store;  // if there are several stores, in their order
};

struct TrainWatch : Watch {
  std::function<void(const Epoch&)> epoch_done;    // after its log line and its checkpoint are written
  std::function<void(const std::string&)> begins;  // of several networks, which one starts: "fold-01, 1 of 5"
};

struct TrainedNetwork {
  std::string name;  // of several networks: its folder in the run
  int epochs = 0;    // in total
  int best_epoch = 0;
  bool stopped_early = false;  // by train.patience
  Scores best;                 // of the best epoch, on the pictures that it was chosen with
};

// Trains a network on a store and writes recipe, log and checkpoints to the folder `run`. Resumes an interrupted run,
// whether it was started here or by `agewise train`; with the same kernels and number of threads, the result is
// bit-identical. When watch.stop is set, everything is saved at once. Returns one element for each network.
// `agewise evaluate run` draws the report.
AGEWISE_API std::vector<TrainedNetwork> train(const std::string& run, const TrainOptions& options,
                                              const TrainWatch& watch = {});

// The finished epochs of a run, even while it is being trained. If it has several networks, name the folder of one:
// "run/fold-01".
AGEWISE_API std::vector<Epoch> read_log(const std::string& run);

// ---- Models

struct ModelInfo {
  std::string file;    // of a run: its best checkpoint
  std::string recipe;  // TOML
  std::vector<AgeClass> classes;
  std::map<std::string, std::string> notes;  // "licence", "data" …
  std::int64_t parameters = 0;               // of all its networks together
  int networks = 1;
};

// model: as Options::model in agewise.h.
AGEWISE_API ModelInfo read_model(const std::string& model = "");

// Writes a model as one file, replacing any existing one: FILE.onnx, for other programs, or FILE.safetensors. Throws
// Error if ONNX cannot hold the model (whitening, a gender head), or if the file is the model itself.
AGEWISE_API void export_model(const std::string& model, const std::string& file);

struct EvaluateOptions {
  std::string data;          // the store; empty: that, or those, of the run
  std::optional<Part> part;  // default: test, or val in a store without test pictures
  bool other_cut = false;    // accept faces cut out differently from those that the model was trained on
  int threads = 0;           // 0: one per processor
  Kernels kernels = Kernels::fastest;
};

struct Errors {
  double accuracy = 0;                         // share of pictures in the right class, 0 … 1
  double mae = 0;                              // years; NaN if an estimate is missing
  double mean_error = 0;                       // mean of estimate - true age, years; NaN if an estimate is missing
  double cs1 = 0, cs3 = 0, cs5 = 0, cs10 = 0;  // % of the pictures whose error is at most 1, 3, 5, 10 years
  std::optional<double> epsilon_error;         // if the standard deviation of every age is known
};

struct Group {
  std::string name;  // "20–29", "female"
  std::int64_t pictures = 0;
  Errors model;
  Errors baseline;  // of always predicting the most frequent class and the mean age
};

struct Estimated {
  std::int64_t row = 0;  // StoredFace::row
  double age = 0;        // years; NaN if the labels give only a range
  double estimate = 0;   // years; NaN if the network gave none
};

struct Evaluation {
  Part part = Part::test;
  Group all;  // NaN if no age of the part is known exactly: then pictures is 0, and json has the figures for ranges
  std::vector<Group> decades, genders, races, sources;
  std::vector<Estimated> estimates;  // of every picture of the part, in label order
  std::vector<std::string> caveats;  // what a reader of the figures must know; usually none
  std::string json;                  // everything that `agewise evaluate --json` prints
};

// Measures the errors of a model (Options::model) on a part of a store. Writes no files.
AGEWISE_API Evaluation evaluate(const std::string& model, const EvaluateOptions& options = {}, const Watch& watch = {});

}  // namespace agewise::training
