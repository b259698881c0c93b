#include "agewise/prepare/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "agewise/base/bounded_queue.h"
#include "agewise/base/budget.h"
#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/face/reader.h"
#include "agewise/prepare/archive.h"
#include "agewise/prepare/name_index.h"
#include "agewise/prepare/shard.h"
#include "agewise/prepare/sources.h"
#include "agewise/recipe/determines.h"

namespace agewise::prepare {
namespace {

constexpr std::uint64_t kBytesInFlight = std::uint64_t{16} << 20;      // of picture files read and not yet decoded
constexpr std::uint64_t kFaceBytesInFlight = std::uint64_t{16} << 20;  // of faces encoded and not yet written
constexpr std::uint64_t kItemsInFlight = 256;
constexpr int kExamples = 3;  // of labels and pictures that do not fit each other
// A picture of more (after a JPEG's reduction; of HEIC and AVIF, of half as many) is a reject; all workers together
// hold no more.
constexpr std::uint64_t kMostPixels = 25'000'000;

struct Rejected {
  catalog::Reason reason = catalog::Reason::none;
  std::string detail;
};

// A picture file in memory. Its share of the budget of bytes is given back with it.
struct HeldFile {
  base::Budget& budget;
  std::uint64_t share;
  std::vector<std::byte> bytes;
  std::string problem;        // why it could not be read, else empty
  bool unread = false;        // by the system, which may be able to another time (sources.h)
  std::uint64_t content = 0;  // base::checksum of the bytes

  HeldFile(base::Budget& of, std::uint64_t size) : budget(of), share(of.take(size)) {}
  ~HeldFile() { budget.give_back(share); }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
};

// A picture on its way to a worker. `decision` counts up for each row: a later picture may fit the row better.
struct Job {
  std::size_t wanted;  // index into plan.wanted
  std::uint32_t decision;
  std::string picture;
  std::shared_ptr<const HeldFile> file;  // of all rows that name it
};

struct Outcome {
  std::size_t wanted;
  std::uint32_t decision;
  std::string picture;
  image::PictureInfo info;
  std::vector<std::byte> encoded;  // empty: rejected
  Rejected reject;
  std::optional<face::Face> face;
  double replicated = 0;
  std::uint64_t content = 0;  // of the picture's file
};

catalog::Reason reason_of(face::Trouble trouble) {
  switch (trouble) {
    case face::Trouble::undecodable:
      return catalog::Reason::undecodable;
    case face::Trouble::too_small:
      return catalog::Reason::too_small;
    case face::Trouble::bad_box:
      return catalog::Reason::bad_face_box;
    case face::Trouble::no_face_found:
      return catalog::Reason::no_face_found;
    case face::Trouble::none:
      break;
  }
  throw std::logic_error("a picture without a face and without a reason");
}

Outcome process(const Job& job, const catalog::CatalogRow& row, bool by_labels, face::FaceReader& reader) {
  Outcome outcome{job.wanted, job.decision, job.picture, {}, {}, {}};
  face::Wanted wanted = face::Strongest{};
  if (by_labels) wanted = face::InLabels{row.face};
  face::PictureFaces faces = reader.read(job.file->bytes, wanted);
  if (faces.cuts.empty()) {
    outcome.reject = {reason_of(faces.trouble), faces.trouble == face::Trouble::too_small ? "" : faces.problem};
    return outcome;
  }
  const face::FaceCut& cut = faces.cuts.front();
  outcome.info = faces.info;
  outcome.encoded = store::encode_face(cut.image);
  outcome.face = cut.face;
  outcome.replicated = cut.replicated;
  return outcome;
}

using Sources = std::vector<std::unique_ptr<PictureSource>>;
using Readers = std::vector<face::FaceReader>;  // one a worker

// What the reader knows of a wanted row while pictures come by.
struct RowState {
  Fit fit;                     // of the best match so far
  std::uint32_t decision = 0;  // of the newest job or reject
  bool ambiguous = false;
  // Hashes of path and bytes of the picture that matched best: paths themselves would take more than labels.
  std::size_t picture = 0;
  std::uint64_t content = 0;  // 0: it could not be read
};

std::size_t hash_of(const std::string& path) { return std::hash<std::string>()(path); }

// A face of 1024 × 1024 pixels takes a megabyte: fewer of them may wait.
std::size_t faces_in_flight(const recipe::FaceRecipe& recipe) {
  std::uint64_t channels = recipe.colour == recipe::Colour::grey ? 1 : 3;
  std::uint64_t bytes = static_cast<std::uint64_t>(recipe.size) * static_cast<std::uint64_t>(recipe.size) * channels;
  return std::clamp<std::uint64_t>(kFaceBytesInFlight / bytes, 4, kItemsInFlight);
}

class Preparation {
 public:
  Preparation(const PreparePlan& plan, const std::filesystem::path& store, Readers readers, const base::StopFlag& stop,
              const base::ProgressSink& progress)
      : plan_(plan),
        store_(store),
        writer_(store, plan.metadata),
        stop_(stop),
        progress_(progress),
        readers_(std::move(readers)),
        states_(plan.wanted.size()),
        newest_(plan.wanted.size()),
        settled_(plan.rows.size(), false),
        index_(plan.rows),
        outcomes_(faces_in_flight(plan.metadata.recipe.face)) {}

  PrepareResult run(Sources sources) {
    if (writer_.complete()) return {.was_complete = true};
    writer_.check_settled_faces(stop_, progress_);
    begin();
    {
      std::jthread writer([this] { guarded([this] { write_outcomes(); }); });
      {
        std::vector<std::jthread> workers;
        for (face::FaceReader& reader : readers_)
          workers.emplace_back([this, &reader] { guarded([this, &reader] { work(reader); }); });
        read_guarded(std::move(sources));
        jobs_.close();
      }
      outcomes_.close();
    }
    guarded([this] { writer_.commit(); });
    if (problem_) std::rethrow_exception(problem_);
    if (stop_)
      throw base::Interrupted(fmt::format("stopped with {} of {} pictures prepared; rerun the same command to resume",
                                          done_, plan_.wanted.size()));
    return finish();
  }

 private:
  // Rows that an earlier run settled stay so, unless a better match comes by.
  void begin() {
    for (const store::SettledRow& row : writer_.settled()) {
      went_on_ = true;
      auto number = static_cast<std::size_t>(row.row);  // a negative one becomes huge
      if (number >= settled_.size())
        throw base::file_error(store_, "is a damaged store; delete it and prepare it again");
      settled_[number] = true;
      std::optional<std::size_t> wanted = index_in_wanted(number);
      if (!wanted) continue;
      RowState& state = states_[*wanted];
      state.picture = hash_of(row.picture);
      state.content = row.content;
      state.fit = fit_of(index_.path(number), comparable(unpacked_path(row.picture)));
      state.fit.unpacked = !lies_in_archive(row.picture);
      ++done_;
      if (!row.face) ++rejects_;
    }
    for (const auto& [row, reason] : plan_.rejects) {
      const catalog::CatalogRow& labels = plan_.rows[row];
      std::string detail = labels.fault == reason ? labels.fault_detail.str() : "";
      if (!settled_[row]) writer_.add({static_cast<std::int64_t>(row), labels.file, reason, detail}, "");
    }
    writer_.commit();
  }

  // Runs a worker's or the writer's work; the first exception of any ends all and is thrown again at the end.
  template <class Work>
  void guarded(Work work) {
    try {
      work();
    } catch (...) {
      std::lock_guard lock(problem_mutex_);
      if (!problem_) problem_ = std::current_exception();
      failed_ = true;
    }
    if (!failed_) return;
    budget_.close();
    jobs_.close();
  }

  // A source that breaks ends the reading; what was read before is still prepared. After a stop it is no news: the
  // signal went to the program that feeds standard input as well.
  void read_guarded(Sources sources) {
    try {
      read_all(std::move(sources));
    } catch (...) {
      if (stop_) return;
      std::lock_guard lock(problem_mutex_);
      if (!problem_) problem_ = std::current_exception();
    }
  }

  void read_all(Sources sources) {
    for (std::unique_ptr<PictureSource>& source : sources) {
      SourceEntry entry;
      while (!stop_ && !failed_ && source->next(entry)) {
        pictures_.add(fmt::format("{} {}:{}\n", entry.size, entry.path.size(), entry.path));
        take(*source, entry);
      }
      std::vector<std::string> more = source->left_out();
      std::move(more.begin(), more.end(), std::back_inserter(left_out_));
      source.reset();
    }
  }

  void take(PictureSource& source, const SourceEntry& entry) {
    NameIndex::Match match = index_.find(unpacked_path(entry.path));
    if (match.rows.empty()) {
      if (unasked_++ < kExamples) pictures_like_.push_back(entry.path);
      return;
    }
    match.fit.unpacked = !lies_in_archive(entry.path);
    std::shared_ptr<HeldFile> file;  // read when the first row needs it, at most once
    for (std::size_t row : match.rows) {
      std::optional<std::size_t> wanted = index_in_wanted(row);
      if (!wanted) continue;  // screened away, or not chosen
      if (match.ambiguous) {
        offer_ambiguous(*wanted, match.fit, entry.path + " matches other label rows as well");
      } else {
        offer(*wanted, match.fit, source, entry, file);
      }
    }
  }

  // A picture whose name fits this row and no row of another name as well.
  void offer(std::size_t wanted, const Fit& fit, PictureSource& source, const SourceEntry& entry,
             std::shared_ptr<HeldFile>& file) {
    RowState& state = states_[wanted];
    if (state.picture == hash_of(entry.path) && !state.ambiguous) return;  // an earlier run's, or the same file twice
    if (fit < state.fit || (fit == state.fit && state.ambiguous)) return;
    if (file == nullptr) file = read(source, entry);
    bool is_copy = file->content != 0 && file->content == state.content;
    if (fit == state.fit)
      return is_copy ? void() : offer_ambiguous(wanted, fit, entry.path + " and another picture match");
    if (file->unread) return void(unread_.try_emplace(wanted, file->problem));
    state = {fit, state.decision + 1, false, hash_of(entry.path), file->content};
    newest_[wanted] = state.decision;
    if (file->problem.empty()) {
      jobs_.push({wanted, state.decision, entry.path, file});
    } else {
      outcomes_.push({wanted, state.decision, entry.path, {}, {}, {catalog::Reason::undecodable, file->problem}});
    }
  }

  std::shared_ptr<HeldFile> read(PictureSource& source, const SourceEntry& entry) {
    bool too_large = entry.size > kLargestPictureFile;
    auto file = std::make_shared<HeldFile>(budget_, too_large ? 0 : entry.size);
    if (too_large) {
      file->problem = fmt::format("is too large: {} bytes", entry.size);
      return file;
    }
    SourceContent content = source.read();
    file->problem = std::move(content.problem);
    file->unread = content.unread;
    file->bytes = std::move(content.bytes);
    if (file->problem.empty()) file->content = base::checksum(file->bytes);
    return file;
  }

  // Two pictures, or rows of two names, that fit equally well: neither is a better guess.
  void offer_ambiguous(std::size_t wanted, const Fit& fit, const std::string& how) {
    RowState& state = states_[wanted];
    if (fit < state.fit || (state.ambiguous && fit == state.fit)) return;
    state = {fit, state.decision + 1, true, 0, 0};
    newest_[wanted] = state.decision;
    outcomes_.push({wanted, state.decision, "", {}, {}, {catalog::Reason::ambiguous_name, how}});
  }

  std::optional<std::size_t> index_in_wanted(std::size_t row) const {
    auto place = std::lower_bound(plan_.wanted.begin(), plan_.wanted.end(), row);
    if (place == plan_.wanted.end() || *place != row) return std::nullopt;
    return static_cast<std::size_t>(place - plan_.wanted.begin());
  }

  void work(face::FaceReader& reader) {
    bool by_labels = plan_.metadata.recipe.face.crop;
    while (std::optional<Job> job = jobs_.pop()) {
      Outcome outcome = process(*job, plan_.rows[plan_.wanted[job->wanted]], by_labels, reader);
      outcome.content = job->file->content;
      job->file.reset();
      outcomes_.push(std::move(outcome));
    }
  }

  // Also after a failure the queue is emptied, so that nobody waits to push.
  void write_outcomes() {
    while (std::optional<Outcome> outcome = outcomes_.pop()) {
      if (outcome->decision != newest_[outcome->wanted]) continue;  // a better match is on its way
      guarded([&] {
        if (!failed_) write(*outcome);
      });
    }
  }

  void write(const Outcome& outcome) {
    std::size_t row = plan_.wanted[outcome.wanted];
    const catalog::CatalogRow& labels = plan_.rows[row];
    auto number = static_cast<std::int64_t>(row);
    if (outcome.encoded.empty()) {
      ++rejects_;
      writer_.add({number, labels.file, outcome.reject.reason, outcome.reject.detail, outcome.content},
                  outcome.picture);
    } else {
      writer_.add(record_of(row, outcome), outcome.encoded, outcome.picture);
    }
    if (!settled_[row]) ++done_;
    settled_[row] = true;
    if (progress_) progress_({"preparing", done_, plan_.wanted.size(), rejects_});
  }

  store::FaceRecord record_of(std::size_t row, const Outcome& outcome) const {
    const catalog::CatalogRow& labels = plan_.rows[row];
    store::FaceRecord record;
    record.row = static_cast<std::int64_t>(row);
    record.file = labels.file;
    record.source = labels.source.str();
    record.person = labels.person.str();
    record.race = labels.race.str();
    record.age = plan_.ages[outcome.wanted];
    if (std::isnan(record.age)) record.age_range = labels.age_range;
    record.age_sigma = catalog::age_sigma_of(labels, plan_.metadata.recipe.screen.age_rule);
    record.gender = labels.gender;
    record.split = plan_.splits[outcome.wanted];
    record.picture = outcome.info;
    record.face = outcome.face;
    record.replicated = outcome.replicated;
    record.content = outcome.content;
    return record;
  }

  // The row of a picture that the system could not read is not settled: the next run reads it again.
  void check_all_read() const {
    if (unread_.empty()) return;
    throw base::Error(fmt::format(
        "{} of {} pictures could not be read; the first: {}. The others are prepared and saved. Rerun the same "
        "command when the pictures can be read, or remove them: their label rows then count as \"{}\"",
        unread_.size(), plan_.wanted.size(), unread_.begin()->second,
        catalog::describe(catalog::Reason::no_such_file)));
  }

  PrepareResult finish() {
    check_all_read();
    PrepareResult result{.went_on = went_on_};
    std::size_t missing = 0;
    for (std::size_t row : plan_.wanted) {
      if (settled_[row]) continue;
      const std::string& file = plan_.rows[row].file;
      writer_.add({static_cast<std::int64_t>(row), file, catalog::Reason::no_such_file, ""}, "");
      if (missing++ < kExamples) result.labels_like.push_back(file);
    }
    // Which pictures are copies of each other is known only now, and of a shard when all of them are there.
    std::vector<store::WantedRow> wanted = wanted_rows(plan_);
    if (plan_.metadata.shard) {
      writer_.finish_shard(unasked_, wanted, pictures_.hash());
    } else {
      keep_copies_together(writer_, wanted);
      writer_.finish(unasked_);
    }
    bool few = 10 * (plan_.wanted.size() - missing) < plan_.wanted.size();
    if (few) result.pictures_like = pictures_like_;
    if (!few) result.labels_like.clear();
    result.left_out = std::move(left_out_);
    return result;
  }

  const PreparePlan& plan_;
  std::filesystem::path store_;
  store::StoreWriter writer_;
  const base::StopFlag& stop_;
  const base::ProgressSink& progress_;
  Readers readers_;
  std::vector<RowState> states_;                    // the reader's
  std::vector<std::atomic<std::uint32_t>> newest_;  // decision a row, for the writer
  std::vector<bool> settled_;                       // the writer's, after begin()
  NameIndex index_;
  base::BoundedQueue<Job> jobs_{kItemsInFlight};
  base::BoundedQueue<Outcome> outcomes_;
  base::Budget budget_{kBytesInFlight};
  std::mutex problem_mutex_;
  std::exception_ptr problem_;
  std::atomic<bool> failed_{false};
  std::uint64_t done_ = 0, rejects_ = 0;
  std::int64_t unasked_ = 0;
  std::vector<std::string> pictures_like_;  // the first of the unasked
  bool went_on_ = false;
  // The reader's, until all threads have ended:
  base::ContentHasher pictures_;  // of the names and sizes of all
  std::vector<std::string> left_out_;
  std::map<std::size_t, std::string> unread_;  // wanted rows whose picture the system could not read, and why
};

// Before the store is touched, so that a name mistyped leaves nothing behind.
Sources open_all(const std::vector<std::filesystem::path>& pictures) {
  if (std::count(pictures.begin(), pictures.end(), "-") > 1)
    throw base::UsageError("-: standard input can be read only once; give - only once");
  Sources sources;
  for (const std::filesystem::path& source : pictures) sources.push_back(open_pictures(source));
  return sources;
}

// Before the store is touched, too, and on one thread: a detector's file may be missing.
Readers make_readers(const recipe::FaceRecipe& recipe, base::Budget& pixels, int threads) {
  Readers readers;
  for (int i = 0; i < threads; ++i) readers.emplace_back(recipe, face::PixelLimit{kMostPixels, &pixels}, recipe.detect);
  return readers;
}

std::string first_ambiguous(const std::vector<store::RejectRecord>& rejects) {
  auto first = std::find_if(rejects.begin(), rejects.end(), [](const store::RejectRecord& reject) {
    return reject.reason == catalog::Reason::ambiguous_name;
  });
  return first == rejects.end() ? "" : fmt::format("row {}: {}", first->file, first->detail);
}

}  // namespace

PrepareResult prepare(const PreparePlan& plan, const std::vector<std::filesystem::path>& pictures,
                      const std::filesystem::path& store, int threads, const base::StopFlag& stop,
                      const base::ProgressSink& progress) {
  Sources sources = open_all(pictures);
  base::Budget pixels(kMostPixels);
  Readers readers = make_readers(plan.metadata.recipe.face, pixels, threads);
  store::check_disk(store,
                    store::expected_store_size(plan.metadata.recipe.face, plan.wanted.size(), plan.rejects.size()));
  PrepareResult run = Preparation(plan, store, std::move(readers), stop, progress).run(std::move(sources));
  store::Store made(store);
  PrepareResult result = result_of(made);
  result.labels_like = std::move(run.labels_like);
  result.pictures_like = std::move(run.pictures_like);
  result.went_on = run.went_on;
  result.was_complete = run.was_complete;
  result.left_out = std::move(run.left_out);
  if (result.was_complete)
    result.other_training =
        recipe::first_difference(recipe::Outcome::training, made.metadata().recipe, plan.metadata.recipe);
  return result;
}

PrepareResult result_of(const store::Store& store) {
  PrepareResult result;
  result.unasked = store.metadata().unasked;
  result.rejects = store.reject_counts();
  if (result.rejects.contains(catalog::Reason::ambiguous_name))
    result.ambiguous_like = first_ambiguous(store.rejects());
  std::vector<store::FaceRecord> faces = store.faces();
  result.copies = store::copies_among(faces);
  result.faces = static_cast<std::int64_t>(faces.size());
  if (store.metadata().recipe.face.detect) result.whole_pictures = result.faces - store.faces_found();
  return result;
}

}  // namespace agewise::prepare
