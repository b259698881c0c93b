// How a run looks: what `train` and `evaluate` draw into its folder.
#pragma once
#include <string>

#include "agewise/report/report.h"
#include "agewise/store/store.h"
#include "agewise/train/run_folder.h"

namespace agewise {

// Draws a run while it is trained: network.dot at once; loss.png, accuracy.png and report.html whenever its log has
// grown.
class RunDrawings {
 public:
  // Reads the store's faces once.
  RunDrawings(RunFolder run, const Recipe& recipe, const Store& store);
  void draw();

 private:
  RunFolder run_;
  Report report_;
};

// The report of a measured model: `run` is the folder it was trained in, if it was. Shows the worst mistakes' pictures.
Report report_of(const Model& model, const std::string& title, const RunFolder* run, const Store& store,
                 Evaluation evaluation);

}  // namespace agewise
