#include "app/bench_photographs.h"

#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/estimate/pictures.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/predict_files.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Options {
  std::string folder, model;
  double seconds = 10;
  bool no_network = false, json = false;
  library::Detection detection;
};

double processor_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Pass {
  std::size_t photographs = 0, faces = 0, unread = 0;
};

struct Figures {
  Pass one;  // of any pass: all are alike
  double photographs_per_s = 0;
  face::ReadingSeconds steps;   // processor time of all passes that count
  double network_and_rest = 0;  // the same: all that the steps above do not take
  double all() const { return steps.decoding + steps.finding + steps.cutting + network_and_rest; }
};

// Readers, and a network where ages are wanted, that go over the same photographs again and again.
class Passes {
 public:
  Passes(const Asked& asked, estimate::Model model, nn::Engine& engine, bool network, const Context& context)
      : asked_(asked), stop_(context.stop), times_(static_cast<std::size_t>(context.threads)) {
    for (face::ReadingSeconds& time : times_) {
      readers_.emplace_back(model.recipe.face, face::PixelLimit{});
      readers_.back().time_steps(clock_, time);
    }
    if (network) estimator_.emplace(std::move(model), engine, estimate::kFacesAtOnce);
  }

  Pass run() {
    Pass pass;
    auto count = [&pass](const face::ReadPicture& picture) {
      ++pass.photographs;
      pass.faces += picture.faces.cuts.size();
      pass.unread += picture.problem.empty() ? 0 : 1;
    };
    std::size_t passed_over = 0;
    face::NextFile next = pictures_of(asked_, passed_over);
    if (estimator_) {
      estimate::estimate_pictures(
          readers_, next, {}, *estimator_,
          [&](const face::ReadPicture& picture, const std::vector<estimate::Estimate>&) { count(picture); }, stop_);
    } else {
      face::ManyReader reader(readers_, next, {});
      for (std::optional<face::ReadPicture> picture; !stop_ && (picture = reader.take());) {
        count(*picture);
        reader.release(picture->faces.cuts.size());
      }
    }
    if (stop_) throw base::Interrupted("interrupted");
    return pass;
  }

  // Of all passes since the last call.
  face::ReadingSeconds take_times() {
    face::ReadingSeconds sum;
    for (face::ReadingSeconds& time : times_) {
      sum.decoding += time.decoding;
      sum.finding += time.finding;
      sum.cutting += time.cutting;
      time = {};
    }
    return sum;
  }

 private:
  const Asked& asked_;
  const base::StopFlag& stop_;
  base::Clock clock_ = [] { return processor_seconds(CLOCK_THREAD_CPUTIME_ID); };
  std::vector<face::ReadingSeconds> times_;  // one a reader
  std::vector<face::FaceReader> readers_;
  std::optional<estimate::Estimator> estimator_;
};

// Whole passes for so many seconds after a first one, which does not count.
Figures measure(Passes& passes, double seconds) {
  base::Clock clock = steady_clock();
  Figures figures{passes.run()};
  passes.take_times();
  double start = clock(), processor = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
  std::size_t photographs = 0;
  while (photographs == 0 || clock() - start < seconds) photographs += passes.run().photographs;
  figures.photographs_per_s = static_cast<double>(photographs) / (clock() - start);
  figures.steps = passes.take_times();
  figures.network_and_rest = processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - processor - figures.steps.decoding -
                             figures.steps.finding - figures.steps.cutting;
  return figures;
}

void run_bench(const Options& options, const Context& context) {
  Asked asked = asked_for({options.folder}, "");
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  estimate::Model model = opened_model(options.model, options.detection, {}).model;
  Passes passes(asked, std::move(model), *engine, !options.no_network, context);
  Figures figures = measure(passes, options.seconds);
  double all = figures.all();
  std::string rest = options.no_network ? "rest" : "network_and_rest";
  if (options.json) {
    return print_json({{"photographs", figures.one.photographs},
                       {"faces", figures.one.faces},
                       {"unreadable", figures.one.unread},
                       {"photographs_per_s", figures.photographs_per_s},
                       {"shares",
                        {{"decoding", figures.steps.decoding / all},
                         {"detection", figures.steps.finding / all},
                         {"cutting", figures.steps.cutting / all},
                         {rest, figures.network_and_rest / all}}}});
  }
  print(fmt::format("{} photographs with {} faces, {} unreadable, {} threads: {:.1f} photographs/s\n",
                    with_thousands(figures.one.photographs), with_thousands(figures.one.faces),
                    with_thousands(figures.one.unread), context.threads, figures.photographs_per_s));
  auto row = [all](const std::string& step, double seconds) {
    return std::vector<std::string>{step, fmt::format("{:.0f} %", 100 * seconds / all)};
  };
  print(table({{"step", "of processor time"},
               row("decoding", figures.steps.decoding),
               row("detection", figures.steps.finding),
               row("cutting", figures.steps.cutting),
               row(options.no_network ? "the rest" : "network and the rest", figures.network_and_rest)}));
}

}  // namespace

void add_bench_photographs(CLI::App& bench, const Context& context) {
  CLI::App* command = bench.add_subcommand(
      "photographs", "Measure whole photographs per second, from file to age, and each step's share of processor time");
  auto options = std::make_shared<Options>();
  command->add_option("FOLDER", options->folder, "Photographs: a folder, or anything else that predict accepts")
      ->required();
  command->add_option("--model", options->model, "Model, as for predict; default: compact");
  add_detect_options(*command, options->detection);
  command->add_flag("--no-network", options->no_network, "Only find and cut out the faces; estimate no ages");
  command->add_option("--seconds", options->seconds, "Seconds to spend on passes over all photographs")
      ->check(CLI::Range(0.0, 3600.0));
  command->add_flag("--json", options->json, "Print the results as JSON");
  command->callback([options, &context] { run_bench(*options, context); });
}

}  // namespace agewise::app
