// What `agewise info` shows of each kind of thing: one function a kind, each in a file of its own.
#pragma once
#include <filesystem>
#include <string>

#include "app/options.h"

namespace agewise::app {

struct InfoOptions {
  std::filesystem::path path;
  RecipeOptions recipe{"seed", {}};  // labels: how they are screened
  LabelArguments labels;             // labels: how they are read
  std::string list;                  // labels: CSV file to write the rows to that are kept
  std::string sheet;                 // store: PNG file to draw a contact sheet to
  bool json = false, force = false;
};

void info_labels(const InfoOptions& options);
void info_model(const InfoOptions& options);  // or a run
void info_store(const InfoOptions& options);

}  // namespace agewise::app
