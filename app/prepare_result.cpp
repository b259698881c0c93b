#include "app/prepare_result.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/copies.h"
#include "app/terminal.h"

namespace agewise::app {

nlohmann::ordered_json to_json(const prepare::PrepareResult& result) {
  nlohmann::ordered_json rejects = nlohmann::ordered_json::object();
  for (const auto& [reason, count] : result.rejects) rejects[std::string(catalog::describe(reason))] = count;
  return {{"faces", result.faces},
          {"whole_pictures", result.whole_pictures},
          {"rejects", rejects},
          {"pictures_not_asked_for", result.unasked},
          {"copies", app::to_json(result.copies)},
          {"labels_like", result.labels_like},
          {"pictures_like", result.pictures_like},
          {"ambiguous_like", result.ambiguous_like},
          {"left_out", result.left_out}};
}

void print_result(const prepare::PrepareResult& result, const std::string& store) {
  if (result.was_complete)
    print(store + " is already complete, so no picture was read; delete it to prepare it again\n");
  if (result.went_on) print("resumed where the earlier run had stopped\n");
  if (result.unasked > 0)
    print(fmt::format("{} pictures or other files that no label row names\n", with_thousands(result.unasked)));
  std::vector<std::vector<std::string>> rows{{"rows", "what became of them"}};
  rows.push_back({with_thousands(static_cast<std::uint64_t>(result.faces)), "prepared"});
  if (result.whole_pictures > 0) {
    rows.push_back({with_thousands(static_cast<std::uint64_t>(result.whole_pictures)),
                    "of these, whole pictures in which no face was found"});
  }
  for (const auto& [reason, count] : result.rejects)
    rows.push_back({with_thousands(static_cast<std::uint64_t>(count)), std::string(catalog::describe(reason))});
  print(table(rows));
  if (!result.ambiguous_like.empty()) print(fmt::format("\nambiguous name, for example {}\n", result.ambiguous_like));
  if (result.copies.groups > 0) print("\n" + to_text(result.copies));
}

}  // namespace agewise::app
