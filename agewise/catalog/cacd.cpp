#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/catalog/labels.h"
#include "agewise/catalog/mat5.h"
#include "agewise/catalog/words.h"

namespace agewise::catalog {
namespace {

constexpr std::string_view kPictures = "celebrityImageData", kPersons = "celebrityData";

// One of the two structs, as far as it is of use; fields with other names are passed over.
struct Columns {
  std::vector<std::string> names;
  std::vector<double> identities, ages;
};

Columns read_columns(mat5::StructReader& reader) {
  Columns columns;
  std::set<std::string> found;
  while (std::optional<mat5::Field> field = reader.next()) {
    found.insert(field->name);
    if (field->name == "name")
      reader.cells([&](std::size_t, const mat5::Array& cell) { columns.names.push_back(mat5::text_of(cell)); });
    else if (field->name == "identity")
      reader.numbers([&](std::size_t, double identity) { columns.identities.push_back(identity); });
    else if (field->name == "age")
      reader.numbers([&](std::size_t, double age) { columns.ages.push_back(age); });
  }
  auto check = [&](const std::string& field, std::size_t count) {
    if (!found.contains(field)) reader.fail(field, "is missing");
    if (count != columns.names.size())
      reader.fail(field, fmt::format("has {} elements; name has {}", count, columns.names.size()));
  };
  check("name", columns.names.size());
  check("identity", columns.identities.size());
  if (reader.name() == kPictures) check("age", columns.ages.size());
  return columns;
}

// Names of persons by their numbers; empty where the file has no struct of them.
std::map<double, std::string> persons_in(const std::filesystem::path& file) {
  std::vector<std::string> variables = mat5::names_of_variables(file);
  if (std::find(variables.begin(), variables.end(), kPersons) == variables.end()) return {};
  mat5::StructReader reader(file, {kPersons});
  Columns columns = read_columns(reader);
  std::map<double, std::string> persons;
  for (std::size_t i = 0; i < columns.names.size(); ++i) {
    double identity = columns.identities[i];
    if (std::isfinite(identity)) persons[identity] = columns.names[i];
  }
  return persons;
}

std::string person_of(double identity, const std::map<double, std::string>& persons) {
  if (!std::isfinite(identity)) return "";
  auto known = persons.find(identity);
  return known != persons.end() && !known->second.empty() ? known->second : fmt::format("cacd {}", identity);
}

}  // namespace

Catalog read_cacd(const std::filesystem::path& file) {
  std::map<double, std::string> persons = persons_in(file);
  mat5::StructReader reader(file, {kPictures});
  Columns columns = read_columns(reader);
  Catalog catalog;
  catalog.kind = "CACD .mat";
  for (std::size_t i = 0; i < columns.names.size(); ++i) {
    CatalogRow row;
    row.file = with_slashes(trimmed(columns.names[i]));
    row.source = "cacd";
    row.age = columns.ages[i];
    row.person = person_of(columns.identities[i], persons);
    if (row.file.empty()) {
      row.fault = Reason::no_file_named;
      row.fault_detail = fmt::format("picture {}", i + 1);
    }
    catalog.rows.push_back(std::move(row));
  }
  return catalog;
}

}  // namespace agewise::catalog
