#include <agewise/training.h>
#include <pybind11/stl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "binding.h"

namespace py = pybind11;
namespace training = agewise::training;

namespace {

using training::Epoch;
using training::Progress;

py::dict dict_of(const training::Scores& scores) {
  py::dict told;
  told["loss"] = scores.loss;
  told["accuracy"] = scores.accuracy;
  told["mae"] = scores.mae;
  return told;
}

py::dict dict_of(const Epoch& epoch) {
  py::dict told;
  told["epoch"] = epoch.epoch;
  told["train_loss"] = epoch.train.loss;
  told["train_accuracy"] = epoch.train.accuracy;
  told["train_mae"] = epoch.train.mae;
  told["validation_loss"] = epoch.validation.loss;
  told["validation_accuracy"] = epoch.validation.accuracy;
  told["validation_mae"] = epoch.validation.mae;
  told["validation_epsilon_error"] = epoch.epsilon_error;
  told["learning_rate"] = epoch.learning_rate;
  told["seconds"] = epoch.seconds;
  told["images_per_second"] = epoch.images_per_second;
  told["wait_seconds"] = epoch.wait_seconds;
  told["seconds_left"] = epoch.seconds_left;
  told["best"] = epoch.best;
  if (epoch.validation_by_store.empty()) return told;
  py::list by_store;
  for (const training::Scores& scores : epoch.validation_by_store) by_store.append(dict_of(scores));
  told["validation_by_store"] = by_store;
  return told;
}

// Long work on a thread of its own, while the calling thread waits for it, hands what it tells to Python's functions
// and looks for Ctrl-C. Where either raises, the work is asked to stop, and when it has saved itself that is raised.
class Waiting {
 public:
  Waiting(py::object progress, py::object notice, py::object epoch_done)
      : progress_(std::move(progress)), notice_(std::move(notice)), epoch_done_(std::move(epoch_done)) {
    watch_.stop = &stop_;
    if (!progress_.is_none()) {
      watch_.progress = [this](const Progress& now) {  // only the newest counts
        std::lock_guard lock(mutex_);
        newest_ = now;
      };
    }
    watch_.notice = [this](const std::string& text) { add([this, text] { notice_(text_of(text)); }); };
    watch_.begins = watch_.notice;
    if (!epoch_done_.is_none())
      watch_.epoch_done = [this](const Epoch& epoch) { add([this, epoch] { epoch_done_(dict_of(epoch)); }); };
  }

  const training::TrainWatch& watch() const { return watch_; }

  template <class Work>
  auto result_of(const Work& work) {
    std::future<decltype(work())> result = std::async(std::launch::async, work);
    for (bool done = false; !done;) {
      {
        py::gil_scoped_release others_run;
        done = result.wait_for(std::chrono::milliseconds(50)) == std::future_status::ready;
      }
      attend();
    }
    if (raised_) {
      try {
        result.get();
      } catch (const agewise::Error&) {  // that it was stopped
      }
      std::rethrow_exception(raised_);
    }
    return result.get();
  }

 private:
  void add(std::function<void()> message) {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }

  std::deque<std::function<void()>> taken() {
    std::lock_guard lock(mutex_);
    std::deque<std::function<void()>> messages = std::exchange(messages_, {});
    if (newest_)
      messages.push_back([this, now = *std::exchange(newest_, {})] {
        progress_(text_of(now.what), now.done, now.total, now.rejects);
      });
    return messages;
  }

  void attend() {
    try {
      std::deque<std::function<void()>> messages = taken();
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (raised_) return;
      for (const std::function<void()>& message : messages) message();
    } catch (...) {  // whatever it is: what leaves here would wait for the work's end while it holds the GIL
      if (!raised_) raised_ = std::current_exception();
      stop_ = true;
    }
  }

  py::object progress_, notice_, epoch_done_;
  std::atomic<bool> stop_{false};
  training::TrainWatch watch_;
  std::exception_ptr raised_;  // mostly by Python
  std::mutex mutex_;
  std::optional<Progress> newest_;
  std::deque<std::function<void()>> messages_;
};

agewise::Kernels kernels_of(bool standard) { return standard ? agewise::Kernels::standard : agewise::Kernels::fastest; }

// A column a list.
py::dict columns_of(const training::Store& store) {
  constexpr std::array kGenders{"", "female", "male"}, kParts{"train", "val", "test"};
  py::list row, file, source, person, race, age, age_low, age_high, age_sigma, gender, part, box, angle, replicated;
  for (const training::StoredFace& face : store.faces()) {
    row.append(face.row);
    file.append(text_of(face.file));
    source.append(text_of(face.source));
    person.append(text_of(face.person));
    race.append(text_of(face.race));
    age.append(face.age);
    age_low.append(face.age_low);
    age_high.append(face.age_high);
    age_sigma.append(face.age_sigma);
    gender.append(kGenders.at(static_cast<std::size_t>(face.gender)));
    part.append(kParts.at(static_cast<std::size_t>(face.part)));
    agewise::Box at = face.box.value_or(agewise::Box{NAN, NAN, NAN, NAN});
    box.append(py::make_tuple(at.left, at.top, at.right, at.bottom));
    angle.append(face.angle);
    replicated.append(face.replicated);
  }
  py::dict columns;
  columns["row"] = row;
  columns["file"] = file;
  columns["source"] = source;
  columns["person"] = person;
  columns["race"] = race;
  columns["age"] = age;
  columns["age_low"] = age_low;
  columns["age_high"] = age_high;
  columns["age_sigma"] = age_sigma;
  columns["gender"] = gender;
  columns["part"] = part;
  columns["box"] = box;
  columns["angle"] = angle;
  columns["replicated"] = replicated;
  return columns;
}

// `places`: a row of size_t; `pixels`: contiguous bytes to write to.
void read(const training::Store& store, const py::buffer& places, const py::buffer& pixels, int threads) {
  py::buffer_info from = places.request(), to = pixels.request(/*writable=*/true);
  if (from.itemsize != sizeof(std::size_t) || to.itemsize != 1)
    throw py::type_error("places must be uintp, pixels must be uint8");
  std::span<const std::size_t> at(static_cast<const std::size_t*>(from.ptr), static_cast<std::size_t>(from.size));
  std::span<std::uint8_t> into(static_cast<std::uint8_t*>(to.ptr), static_cast<std::size_t>(to.size));
  py::gil_scoped_release others_run;
  store.read(at, into, threads);
}

// (faces, whole_pictures, rejects, not_asked_for, resumed, was_complete).
py::tuple prepare(const std::string& store, const training::PrepareOptions& options, const py::object& progress,
                  const py::object& notice) {
  Waiting waiting(progress, notice, py::none());
  training::Prepared told = waiting.result_of([&] { return training::prepare(store, options, waiting.watch()); });
  return py::make_tuple(told.faces, told.whole_pictures, told.rejects, told.not_asked_for, told.resumed,
                        told.was_complete);
}

void train(const std::string& run, const training::TrainOptions& options, const py::object& progress,
           const py::object& notice, const py::object& epoch_done) {
  Waiting waiting(progress, notice, epoch_done);
  waiting.result_of([&] { return training::train(run, options, waiting.watch()); });
}

// (JSON, rows, ages, estimates).
py::tuple evaluate(const std::string& model, const training::EvaluateOptions& options, const py::object& progress,
                   const py::object& notice) {
  Waiting waiting(progress, notice, py::none());
  training::Evaluation told = waiting.result_of([&] { return training::evaluate(model, options, waiting.watch()); });
  py::list rows, ages, estimates;
  for (const training::Estimated& one : told.estimates) {
    rows.append(one.row);
    ages.append(one.age);
    estimates.append(one.estimate);
  }
  return py::make_tuple(told.json, rows, ages, estimates);
}

// (file, recipe, classes, notes, parameters, networks).
py::tuple read_model(const std::string& model) {
  training::ModelInfo info;
  {
    py::gil_scoped_release others_run;
    info = training::read_model(model);
  }
  std::vector<std::pair<std::string, double>> classes;
  for (const agewise::AgeClass& one : info.classes) classes.emplace_back(one.name, one.years);
  return py::make_tuple(text_of(info.file), info.recipe, classes, info.notes, info.parameters, info.networks);
}

void add_store(py::module_& module) {
  py::class_<training::Store>(module, "Store")
      .def(py::init([](const std::string& file) {
        py::gil_scoped_release others_run;
        return std::make_unique<training::Store>(training::Store::open(file));
      }))
      .def("__len__", [](const training::Store& self) { return self.faces().size(); })
      .def("columns", &columns_of)
      .def("rejects", &training::Store::rejects)
      .def("read", &read)
      .def_property_readonly("side", &training::Store::side)
      .def_property_readonly("channels", &training::Store::channels)
      .def_property_readonly("recipe", &training::Store::recipe)
      .def_property_readonly("made_from", [](const training::Store& self) { return text_of(self.labels()); })
      .def_property_readonly("complete", &training::Store::complete);
}

void add_options(py::module_& module) {
  using training::PrepareOptions, training::TrainOptions, training::EvaluateOptions;
  py::class_<PrepareOptions>(module, "PrepareOptions")
      .def(py::init())
      .def_readwrite("labels", &PrepareOptions::labels)
      .def_readwrite("pictures", &PrepareOptions::pictures)
      .def_readwrite("columns", &PrepareOptions::columns)
      .def_readwrite("gender", &PrepareOptions::gender)
      .def_readwrite("names", &PrepareOptions::names)
      .def_readwrite("recipe", &PrepareOptions::recipe)
      .def_readwrite("settings", &PrepareOptions::settings)
      .def_readwrite("limit", &PrepareOptions::limit)
      .def_readwrite("sample", &PrepareOptions::sample)
      .def_readwrite("balance", &PrepareOptions::balance)
      .def_readwrite("threads", &PrepareOptions::threads);
  py::class_<TrainOptions>(module, "TrainOptions")
      .def(py::init())
      .def_readwrite("data", &TrainOptions::data)
      .def_readwrite("further_data", &TrainOptions::further_data)
      .def_readwrite("recipe", &TrainOptions::recipe)
      .def_readwrite("settings", &TrainOptions::settings)
      .def_readwrite("resume", &TrainOptions::resume)
      .def_readwrite("starts_from", &TrainOptions::from)
      .def_readwrite("teacher", &TrainOptions::teacher)
      .def_readwrite("folds", &TrainOptions::folds)
      .def_readwrite("ensemble", &TrainOptions::ensemble)
      .def_readwrite("leave_one_person_out", &TrainOptions::leave_one_person_out)
      .def_readwrite("keep_model_only", &TrainOptions::keep_model_only)
      .def_readwrite("threads", &TrainOptions::threads)
      .def_property(
          "standard_kernels", [](const TrainOptions& self) { return self.kernels == agewise::Kernels::standard; },
          [](TrainOptions& self, bool standard) { self.kernels = kernels_of(standard); });
  py::class_<EvaluateOptions>(module, "EvaluateOptions")
      .def(py::init())
      .def_readwrite("data", &EvaluateOptions::data)
      .def_property(
          "part", [](const EvaluateOptions& self) { return self.part ? static_cast<int>(*self.part) : -1; },
          [](EvaluateOptions& self, int part) { self.part = static_cast<training::Part>(part); })
      .def_readwrite("other_cut", &EvaluateOptions::other_cut)
      .def_readwrite("threads", &EvaluateOptions::threads)
      .def_property(
          "standard_kernels", [](const EvaluateOptions& self) { return self.kernels == agewise::Kernels::standard; },
          [](EvaluateOptions& self, bool standard) { self.kernels = kernels_of(standard); });
}

}  // namespace

void add_training(py::module_& module) {
  add_store(module);
  add_options(module);
  module.def("prepare", &prepare);
  module.def("train", &train);
  module.def("evaluate", &evaluate);
  module.def("read_model", &read_model);
  module.def("export_model", &training::export_model, py::call_guard<py::gil_scoped_release>());
  module.def("read_log", [](const std::string& run) {
    std::vector<Epoch> log;
    {
      py::gil_scoped_release others_run;
      log = training::read_log(run);
    }
    py::list epochs;
    for (const Epoch& epoch : log) epochs.append(dict_of(epoch));
    return epochs;
  });
}
