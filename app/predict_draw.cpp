#include "app/predict_draw.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cmath>
#include <optional>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/folders.h"
#include "agewise/base/text.h"
#include "agewise/estimate/answer.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/report/marks.h"
#include "app/outputs.h"

namespace agewise::app {
namespace {

using Path = std::filesystem::path;

std::optional<std::pair<std::uint64_t, std::uint64_t>> identity_of(const Path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return std::pair<std::uint64_t, std::uint64_t>(status.st_dev, status.st_ino);
}

}  // namespace

Drawings::Drawings(Path target, const Asked& asked, bool force) : target_(std::move(target)), force_(force) {
  if (!any()) return;
  for (const AskedFile& file : asked.files) {
    if (auto identity = identity_of(file.file)) inputs_.insert(*identity);
  }
  std::error_code absent;
  bool single = asked.files.size() == 1 && !asked.has_archives();
  bool named_as_png = base::lower(target_.extension().string()) == ".png";
  is_folder_ = std::filesystem::is_directory(target_, absent) || !named_as_png;
  if (!is_folder_ && !single)
    throw base::UsageError(target_.string() +
                           ": --draw can write only one picture to a file; name a folder for several");
  if (!is_folder_) {
    check(target_);
    return;
  }
  if (std::filesystem::exists(target_, absent) && !std::filesystem::is_directory(target_, absent))
    throw base::UsageError(target_.string() + ": is a file; --draw takes a folder, or a PNG for one picture");
  for (const Path& folder : asked.folders) {
    if (base::lies_in(target_, folder))
      throw base::UsageError(
          target_.string() + ": is inside " + folder.string() +
          ", whose pictures are read, so the next run would read the drawings too; name another folder");
  }
  for (const AskedFile& file : asked.files) {
    if (!file.is_archive) check(output_of(file.below));
  }
  taken_.clear();  // the same names again, when the pictures come
}

void Drawings::check(const Path& output) const {
  std::optional<std::pair<std::uint64_t, std::uint64_t>> identity = identity_of(output);
  if (identity && inputs_.contains(*identity))
    throw base::UsageError(output.string() + ": is an input of this command; give the output another name");
  check_output(output, OutputKind::png, force_, {});
}

Path Drawings::output_of(const Path& below) {
  Path output = target_ / (below.string() + ".png");
  for (int number = 2; !taken_.insert(output).second; ++number)
    output = target_ / fmt::format("{}.{}.png", below.string(), number);
  return output;
}

void Drawings::draw(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates) {
  std::vector<report::Mark> marks;
  const std::vector<face::FaceCut>& cuts = picture.faces.cuts;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (!cuts[i].face) continue;
    bool told = estimate::reason_of(picture.faces.refusals[i], estimates[i]).empty();
    marks.push_back({*cuts[i].face, told ? fmt::format("{:.0f}", estimates[i].age) : "?"});
  }
  Path output = is_folder_ ? output_of(picture.below) : target_;
  check(output);  // a member of an archive is known only now
  // Larger JPEGs are drawn at half their size, and so on.
  image::Decoded decoded = image::decode(picture.bytes, {.max_pixels = face::PixelLimit{}.most, .reduce_to_fit = true});
  if (!decoded.image) throw base::file_error(picture.name, decoded.problem);
  for (report::Mark& mark : marks) mark.face = face::scaled(mark.face, 1.0 / decoded.reduction);
  if (is_folder_) std::filesystem::create_directories(output.parent_path());
  base::write_file(output, image::with_software_mark(image::encode_png(report::with_marks(*decoded.image, marks))));
}

}  // namespace agewise::app
