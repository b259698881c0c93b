#include "app/outputs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/estimate/model.h"
#include "agewise/image/encode.h"
#include "agewise/report/report.h"
#include "agewise/train/run_folder.h"
#include "agewise/weights/onnx_writer.h"
#include "agewise/weights/safetensors.h"
#include "app/predict_output.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;

std::string beginning_of(const fs::path& file) {
  constexpr std::size_t kEnough = 4096;
  std::string text(kEnough, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  return text;
}

bool is_checkpoint(const fs::path& file) {
  train::RunFolder run{file.parent_path()};
  if (!train::is_run(run.path)) return false;
  std::error_code absent;
  return std::ranges::any_of(std::array{run.best(), run.last(), run.whitening()},
                             [&](const fs::path& one) { return fs::equivalent(one, file, absent); });
}

bool is_own_safetensors(const fs::path& file) {
  try {
    return weights::is_safetensors(file) && estimate::is_of_agewise(weights::SafetensorsFile(file));
  } catch (const base::Error&) {
    return false;
  }
}

// info_labels.cpp and predict_output.cpp write them; of the first, with ranges of ages there are two columns more.
bool is_own_table(std::string_view beginning) {
  if (beginning.starts_with(kPredictCsvHead)) return true;
  std::string_view head = beginning.substr(0, beginning.find('\n'));
  return head.starts_with("file,age,") && head.ends_with("gender,race,person,source,split");
}

bool is_own(const fs::path& file, OutputKind kind) {
  switch (kind) {
    case OutputKind::safetensors:
      return is_own_safetensors(file);
    case OutputKind::onnx:
      return weights::is_onnx_of_agewise(beginning_of(file));
    case OutputKind::png:
      return image::has_software_mark(beginning_of(file));
    case OutputKind::csv:
      return is_own_table(beginning_of(file));
    case OutputKind::html:
      return report::is_report(beginning_of(file));
    case OutputKind::unmarked:
      break;
  }
  return false;
}

}  // namespace

void add_force_option(CLI::App& command, bool& force) {
  command.add_flag("--force", force, "Replace an existing file even if agewise did not write it");
}

void check_output(const fs::path& file, OutputKind kind, bool force, const std::vector<fs::path>& inputs) {
  std::error_code absent;
  for (const fs::path& input : inputs) {
    if (fs::equivalent(input, file, absent))
      throw base::UsageError(file.string() + ": is an input of this command; give the output another name");
  }
  if (fs::is_directory(file, absent)) throw base::UsageError(file.string() + ": is a folder; give the name of a file");
  if (force || !fs::exists(file, absent) || base::is_stream(file) ||
      (fs::is_regular_file(file, absent) && fs::is_empty(file, absent)))
    return;
  if (is_checkpoint(file))
    throw base::UsageError(file.string() + ": belongs to a run; give another name, or --force to replace it");
  if (!is_own(file, kind))
    throw base::UsageError(file.string() +
                           ": exists, and agewise did not write it; give another name, or --force to replace it");
}

}  // namespace agewise::app
