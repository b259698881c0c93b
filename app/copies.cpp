#include "app/copies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace agewise::app {

std::string to_text(const store::Copies& copies) {
  auto number = [](std::int64_t count) { return with_thousands(static_cast<std::uint64_t>(count)); };
  std::string text = fmt::format("{} pictures occur more than once, byte for byte, as {} faces", number(copies.groups),
                                 number(copies.faces));
  if (copies.in_several_parts == 0) return text + "; the copies of each are in the same part\n";
  return text + fmt::format("; the labels put the copies of {} of them into different parts\n",
                            number(copies.in_several_parts));
}

nlohmann::ordered_json to_json(const store::Copies& copies) {
  return {{"pictures", copies.groups}, {"faces", copies.faces}, {"in_several_parts", copies.in_several_parts}};
}

}  // namespace agewise::app
