// train LABELS PICTURES FOLDER: labelled pictures to a store and a trained network in FOLDER, and how good that is.
// After Ctrl-C, run it again to resume.
#include <agewise/training.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

namespace training = agewise::training;

static std::atomic<bool> stop{false};

int main(int argc, char** argv) try {
  if (argc != 4) return std::fputs("usage: train LABELS PICTURES FOLDER\n", stderr), 2;
  const std::string folder = argv[3], store = folder + "/faces.db", run = folder + "/run";
  std::filesystem::create_directories(folder);
  std::signal(SIGINT, [](int) { stop = true; });

  training::TrainWatch watch;
  watch.stop = &stop;
  watch.notice = [](const std::string& sentence) { std::fprintf(stderr, "%s\n", sentence.c_str()); };

  training::PrepareOptions from;
  from.labels = {argv[1]};
  from.pictures = {argv[2]};
  from.recipe = "seed";
  from.settings = {"face.size=16"};
  training::Prepared prepared = training::prepare(store, from, watch);
  std::printf("%lld faces\n", static_cast<long long>(prepared.faces));

  training::TrainOptions how;
  how.data = store;
  how.settings = {"train.epochs=3", "train.batch=16", "whiten.method=none"};
  watch.epoch_done = [](const training::Epoch& epoch) {
    std::printf("epoch %d of 3: loss %.3f, %.2f years off\n", epoch.epoch, epoch.train.loss, epoch.validation.mae);
  };
  training::train(run, how, watch);

  training::Evaluation evaluation = training::evaluate(run, {}, watch);
  std::printf("%.3f years off on average; always answering the mean age: %.3f\n", evaluation.all.model.mae,
              evaluation.all.baseline.mae);
} catch (const training::Interrupted& interrupted) {
  std::fprintf(stderr, "train: %s\n", interrupted.what());
  return 130;
} catch (const agewise::Error& error) {
  std::fprintf(stderr, "train: %s\n", error.what());
  return 1;
}
