#include "agewise/train/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/json.h"
#include "agewise/base/sealed.h"
#include "agewise/recipe/renamed.h"

namespace agewise::train {
namespace {

using Json = nlohmann::ordered_json;  // lines read like the table that the program shows

constexpr std::uint64_t kMaxLog = 64 << 20;  // bytes

// JSON has no NaN: null stands for it.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// A log that was begun before may have the old name.
const Json& field(const Json& json, const std::string& name) {
  for (const recipe::Renamed& one : recipe::kRenamedLogFields) {
    if (one.name == name && !json.contains(name)) return json.at(std::string(one.old_name));
  }
  return json.at(name);
}

double number_at(const Json& json, const char* name) {
  const Json& value = field(json, name);
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

Json to_json(const PartScores& scores) {
  return {{"loss", number(scores.loss)}, {"accuracy", number(scores.accuracy)}, {"mae", number(scores.mae)}};
}

EpochRecord from_line(const std::string& line) {
  Json json = base::parse_json(line);
  EpochRecord record;
  record.epoch = json.at("epoch");
  record.train = {number_at(json, "train_loss"), number_at(json, "train_accuracy"), number_at(json, "train_mae")};
  record.validation = {number_at(json, "validation_loss"), number_at(json, "validation_accuracy"),
                       number_at(json, "validation_mae")};
  for (const Json& one : json.value("validation_by_store", Json::array()))
    record.validation_by_store.push_back({number_at(one, "loss"), number_at(one, "accuracy"), number_at(one, "mae")});
  record.epsilon_error = number_at(json, "validation_epsilon_error");
  record.learning_rate = number_at(json, "learning_rate");
  record.seconds = number_at(json, "seconds");
  record.images_per_second = number_at(json, "images_per_second");
  record.wait_seconds = number_at(json, "wait_seconds");
  record.processes = json.value("processes", 1);
  record.exchange_seconds = json.value("exchange_seconds", 0.0);
  record.seconds_left = number_at(json, "seconds_left");
  record.best = json.at("best");
  return record;
}

base::Error damaged_line(const std::filesystem::path& file, int number) {
  return base::file_error(file, "line " + std::to_string(number) +
                                    " is damaged: it does not match its checksum; restore a copy of the file, or "
                                    "delete the line, which does not affect the weights");
}

}  // namespace

int best_epoch(std::span<const EpochRecord> epochs) {
  int best = 0;
  for (const EpochRecord& epoch : epochs) best = epoch.best ? epoch.epoch : best;
  return best;
}

bool is_at_end(const recipe::TrainRecipe& recipe, int epoch, int best_epoch) {
  return epoch >= recipe.epochs || (recipe.patience > 0 && epoch - best_epoch >= recipe.patience);
}

std::string to_line(const EpochRecord& record) {
  Json json{{"epoch", record.epoch},
            {"train_loss", number(record.train.loss)},
            {"train_accuracy", number(record.train.accuracy)},
            {"train_mae", number(record.train.mae)},
            {"validation_loss", number(record.validation.loss)},
            {"validation_accuracy", number(record.validation.accuracy)},
            {"validation_mae", number(record.validation.mae)},
            {"validation_epsilon_error", number(record.epsilon_error)},
            {"learning_rate", number(record.learning_rate)},
            {"seconds", number(record.seconds)},
            {"images_per_second", number(record.images_per_second)},
            {"wait_seconds", number(record.wait_seconds)},
            {"seconds_left", number(record.seconds_left)},
            {"best", record.best}};
  for (const PartScores& scores : record.validation_by_store) json["validation_by_store"].push_back(to_json(scores));
  if (record.processes > 1) {
    json["processes"] = record.processes;
    json["exchange_seconds"] = number(record.exchange_seconds);
  }
  return base::json_text(json);
}

void append_to_log(const std::filesystem::path& file, const EpochRecord& record) {
  std::string line = base::sealed_json(to_line(record)) + "\n";
  int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) throw base::system_error(file, "cannot write", errno);
  ssize_t written = ::write(descriptor, line.data(), line.size());
  int problem = written < 0 ? errno : ENOSPC;
  ::close(descriptor);
  if (written != static_cast<ssize_t>(line.size())) throw base::system_error(file, "cannot write", problem);
}

std::vector<EpochRecord> read_log(const std::filesystem::path& file) {
  std::vector<EpochRecord> records;
  if (!std::filesystem::exists(file)) return records;
  std::string text = base::read_text_file(file, kMaxLog);
  std::size_t begin = 0;
  for (int number = 1;; ++number) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos && text.find('}', begin) < text.size() - 1) throw damaged_line(file, number);
    if (end == std::string::npos) return records;
    base::Unsealed line = base::unsealed(std::string_view(text).substr(begin, end - begin));
    if (line.state == base::SealState::broken) throw damaged_line(file, number);
    try {
      records.push_back(from_line(line.text));
    } catch (const nlohmann::json::exception&) {
      throw base::file_error(file, "line " + std::to_string(number) + " is not an epoch of a training run");
    }
    begin = end + 1;
  }
}

void cut_log(const std::filesystem::path& file, int epoch) {
  if (!std::filesystem::exists(file)) return;
  std::string kept;
  for (const EpochRecord& record : read_log(file)) {
    if (record.epoch <= epoch) kept += base::sealed_json(to_line(record)) + "\n";
  }
  base::write_file(file, kept);
}

}  // namespace agewise::train
