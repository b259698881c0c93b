#include "agewise/store/content.h"

#include <fmt/format.h>

#include "agewise/base/hash.h"

namespace agewise::store {

std::string content_of(const recipe::FaceRecipe& recipe, std::span<const FaceRecord> faces,
                       std::span<const std::uint64_t> checksums) {
  base::ContentHasher hasher;
  hasher.add(fmt::format("{} {}", recipe.size, recipe.colour == recipe::Colour::grey ? "grey" : "rgb"));
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const FaceRecord& face = faces[i];
    hasher.add(fmt::format("\n{:016x} {} {} {} {} {}:{}", checksums[i], face.age, face.age_sigma,
                           static_cast<int>(face.split), static_cast<int>(face.gender), face.person.size(),
                           face.person));
    if (face.age_range) hasher.add(fmt::format(" {} {}", face.age_range->low, face.age_range->high));
  }
  return "2:" + hasher.hash();
}

std::string first_content_of(const std::string& recipe, const std::string& labels, std::span<const FaceRecord> faces) {
  base::ContentHasher hasher;
  hasher.add(recipe);
  hasher.add(labels);
  for (const FaceRecord& face : faces) {
    hasher.add(fmt::format("\n{} {} {} {} {} {}", face.row, face.file, face.age, face.age_sigma,
                           static_cast<int>(face.split), static_cast<int>(face.gender)));
  }
  return hasher.hash();
}

}  // namespace agewise::store
