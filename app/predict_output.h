// How `predict` writes what it found: as text, JSON, JSON lines or CSV.
#pragma once
#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "agewise/estimate/estimator.h"
#include "agewise/face/read_many.h"

namespace agewise::app {

enum class PredictFormat {
  text,   // a line a face; what could not be read on standard error
  json,   // one array of objects, one a face
  jsonl,  // the same objects, one a line
  csv,    // RFC 4180: a header, a line a face, ended by CR LF
};

struct PredictWriting {
  PredictFormat format = PredictFormat::text;
  bool distribution = false;  // of all classes; not in CSV
  bool wordy = false;         // text: how sure the detector is as well
  int at_least = 0;           // years: the probability of being so old or older; 0: not asked for
};

// What the first line of CSV begins with.
inline constexpr std::string_view kPredictCsvHead = "file,face,age,low,high,spread,male,class,";

// Writes each picture as it comes, so that a folder of any size takes no memory. After any picture end() makes the
// output whole.
class PredictionWriter {
 public:
  using Write = std::function<void(std::string_view)>;

  // The model must outlive this, and pass check_at_least() for what is asked for.
  PredictionWriter(const PredictWriting& writing, const estimate::Model& model, Write write);

  void begin(bool names_columns);  // text: with the columns' names, where somebody reads it and no program does
  void picture(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates);
  void problem(const std::string& file, const std::string& problem);  // of a picture, or of a folder
  void end();

 private:
  void face(const std::string& file, std::size_t number, const face::FaceCut& cut, const std::string& refusal,
            const estimate::Estimate& estimate);
  void no_face(const std::string& file);
  void face_as_text(const std::string& file, const face::FaceCut& cut, const std::string& refusal,
                    const estimate::Estimate& estimate);
  void face_as_json(const std::string& file, const face::FaceCut& cut, const std::string& refusal,
                    const estimate::Estimate& estimate);
  void element(const nlohmann::ordered_json& json);
  std::string place_text(const face::FaceCut& cut) const;

  PredictWriting writing_;
  const estimate::Model& model_;
  Write write_;
  std::size_t name_width_ = 0;  // of the longest class
  bool names_classes_ = true;
  bool any_ = false;
};

}  // namespace agewise::app
