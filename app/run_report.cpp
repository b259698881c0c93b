#include "app/run_report.h"

#include <fmt/format.h>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/nn/graph.h"
#include "agewise/report/curves.h"
#include "agewise/train/examples.h"
#include "agewise/train/start.h"
#include "app/terminal.h"

namespace agewise {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts_of(const Store& store, const Graph& graph) {
  auto parameters = static_cast<std::uint64_t>(parameter_count(parameters_of(graph)));
  return {{"store", store.file().string()},
          {"data", store.facts().labels},
          {"network", fmt::format("{} layers, {} parameters", graph.layers.size(), with_thousands(parameters))},
          {"program", "agewise " AGEWISE_VERSION}};
}

void write_png(const std::filesystem::path& file, const Plot& plot) { write_file(file, encode_png(draw_plot(plot))); }

}  // namespace

RunDrawings::RunDrawings(RunFolder run, const Recipe& recipe, const Store& store) : run_(std::move(run)) {
  Examples examples = examples_of(store);
  report_.title = run_.path.string();
  report_.recipe = recipe;
  Model model = untrained_model(recipe, store, examples);
  report_.classes = model.classes;
  report_.facts = facts_of(store, model.graph);
  report_.faces = std::move(examples.faces);
  write_file(run_.path / "network.dot", to_dot(model.graph));
}

void RunDrawings::draw() {
  report_.epochs = read_log(run_.log());
  write_png(run_.path / "loss.png", loss_plot(report_.epochs));
  write_png(run_.path / "accuracy.png", accuracy_plot(report_.epochs));
  write_file(run_.path / "report.html", report_html(report_));
}

Report report_of(const Model& model, const std::string& title, const RunFolder* run, const Store& store,
                 Evaluation evaluation) {
  Report report;
  report.title = title;
  report.facts = facts_of(store, model.graph);
  report.recipe = model.recipe;
  report.classes = model.classes;
  report.faces = store.faces();
  if (run != nullptr) report.epochs = read_log(run->log());
  report.caveats = caveats(evaluation, model);
  report.evaluation = std::move(evaluation);
  report.picture = [&store](std::int64_t row) { return store.picture(row); };
  return report;
}

}  // namespace agewise
