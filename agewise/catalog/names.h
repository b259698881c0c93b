// Ages in the names of pictures, as published data sets write them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// One way to write labels into a path.
struct NameForm {
  std::string_view key;      // for --names: "agedb"
  std::string_view title;    // "AgeDB"
  std::string_view pattern;  // "[number]_[name]_[age]_[m|f].jpg"
  // Whether the folder that holds the file means something else by this form than an age: a part of the person's
  // number.
  bool (*explains_folder)(std::string_view path);
  // Whether the form's name fits the path, nothing else. Folders are separated by '/'.
  bool (*fits)(std::string_view path);
  // Age, gender, race, person as the path says them. Called for any path, also one that does not fit: then with what
  // it can tell, or without an age.
  CatalogRow (*read)(const std::string& path);
  // What the digit 1 means where this data set's tables give genders as digits.
  Gender one;
};

// All that are known, the one that reads folders last.
std::span<const NameForm> name_forms();
const NameForm* name_form(std::string_view key);  // null: no such

// The form that nine tenths of `paths` fit, be it that a few files lie among them that do not; where it is not the only
// one, the ages must be the same by all of them. Throws Error naming `origin`: where two say different ages, which and
// how to choose; where none fits, all that are known and how many names fit each.
const NameForm& form_of(std::span<const std::string> paths, const std::string& origin);

// The form of file names that nine tenths of the rows' files fit, or null: for tables, whose columns give the ages.
const NameForm* form_of_files(std::span<const CatalogRow> rows);

}  // namespace agewise::catalog
