// The model that is asked for, and how it finds the faces in pictures.
#pragma once
#include <filesystem>
#include <string>

#include "agewise/estimate/model.h"

namespace agewise::library {

// Other than the model's recipe says; by default as it does.
struct Detection {
  bool detect = false;   // a model of ready crops looks for faces
  bool crops = false;    // a model that looks for faces takes pictures for crops
  std::string detector;  // "yunet", "hog", or a file with YuNet's weights
};

// Also a model of ready crops can be made to look for faces, and one that looks for them to take pictures for crops:
// the recipe states the margin. A model of faces that were cut by the labels' boxes looks for them in any case. Where
// the faces will not be cut as the model's own were, and no entry of the table in face/spec.cpp covers it, what the
// model says of its errors, its intervals, goes; returns a sentence that says so, else nothing.
std::string apply(const Detection& detection, estimate::Model& model);

// The file of a model that is named as for named_model(), of a run its best checkpoint; of "", that of kDefaultModel.
// Throws as named_model() and train::model_file_of() do.
std::filesystem::path model_file(const std::string& model);

struct OpenedModel {
  std::filesystem::path file;
  estimate::Model model;
  std::string warning;  // apply()'s
};

// Throws as model_file() and estimate::read_model() do, and UsageError for a detection that contradicts itself.
OpenedModel open_model(const std::string& model, const Detection& detection);

}  // namespace agewise::library
