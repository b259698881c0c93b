#include "app/copies.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace agewise::app {

std::string to_text(const store::Copies& copies) {
  auto number = [](std::int64_t count) { return with_thousands(static_cast<std::uint64_t>(count)); };
  std::string text = fmt::format("{} pictures are there more than once, byte by byte: {} faces", number(copies.groups),
                                 number(copies.faces));
  if (copies.in_several_parts == 0) return text + ", the copies of each in one part\n";
  return text + fmt::format("; the labels put those of {} into different parts\n", number(copies.in_several_parts));
}

nlohmann::ordered_json to_json(const store::Copies& copies) {
  return {{"pictures", copies.groups}, {"faces", copies.faces}, {"in_several_parts", copies.in_several_parts}};
}

}  // namespace agewise::app
