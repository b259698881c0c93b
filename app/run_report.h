// How a run looks: what `train` and `evaluate` draw into its folder.
#pragma once
#include <string>

#include "agewise/report/report.h"
#include "agewise/store/stores.h"
#include "agewise/train/run_folder.h"

namespace agewise::app {

// Draws a run while it is trained: network.dot at once; loss.png, accuracy.png and report.html whenever its log has
// grown.
class RunDrawings {
 public:
  // Reads the stores' faces once.
  RunDrawings(train::RunFolder run, const recipe::Recipe& recipe, const store::Stores& stores);
  void draw();

 private:
  train::RunFolder run_;
  report::Report report_;
};

// The report of a measured model: `run` is the folder it was trained in, if it was. Shows the worst mistakes' pictures.
report::Report report_of(const estimate::Model& model, const std::string& title, const train::RunFolder* run,
                         const store::Store& store, evaluate::Evaluation evaluation);

}  // namespace agewise::app
