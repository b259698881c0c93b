#include "app/run_report.h"

#include <fmt/format.h>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/nn/graph.h"
#include "agewise/report/curves.h"
#include "agewise/train/examples.h"
#include "agewise/train/start.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

Metadata metadata_of(const store::Stores& stores, const nn::Graph& graph) {
  auto parameters = static_cast<std::uint64_t>(nn::parameter_count(nn::parameters_of(graph)));
  return {{stores.count() == 1 ? "store" : "stores", stores.names()},
          {"data", stores.labels()},
          {"network", fmt::format("{} layers, {} parameters", graph.layers.size(), with_thousands(parameters))},
          {"program", "agewise " AGEWISE_VERSION}};
}

void write_png(const std::filesystem::path& file, const report::Plot& plot) {
  base::write_file(file, image::encode_png(report::draw_plot(plot)));
}

}  // namespace

RunDrawings::RunDrawings(train::RunFolder run, const recipe::Recipe& recipe, const store::Stores& stores)
    : run_(std::move(run)) {
  train::Examples examples = train::examples_of(stores);
  report_.title = run_.path.string();
  report_.recipe = recipe;
  estimate::Model model = train::untrained_model(recipe, stores, examples);
  report_.classes = model.classes;
  report_.metadata = metadata_of(stores, model.graph);
  report_.faces = std::move(examples.faces);
  base::write_file(run_.path / "network.dot", nn::to_dot(model.graph));
}

void RunDrawings::draw() {
  report_.epochs = train::read_log(run_.log());
  write_png(run_.path / "loss.png", report::loss_plot(report_.epochs));
  write_png(run_.path / "accuracy.png", report::accuracy_plot(report_.epochs));
  base::write_file(run_.path / "report.html", report::report_html(report_));
}

report::Report report_of(const estimate::Model& model, const std::string& title, const train::RunFolder* run,
                         const store::Store& store, evaluate::Evaluation evaluation) {
  report::Report report;
  report.title = title;
  report.metadata = metadata_of(store, model.graph);
  report.recipe = model.recipe;
  report.classes = model.classes;
  report.faces = store.faces();
  if (run != nullptr) report.epochs = train::read_log(run->log());
  report.caveats = evaluate::caveats(evaluation, model);
  report.evaluation = std::move(evaluation);
  report.picture = [&store](std::int64_t row) { return store.picture(row); };
  return report;
}

}  // namespace agewise::app
