// From the bytes of a picture file to prepared faces: the one way there, of prepare, predict, the service and whoever
// else estimates.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agewise/base/budget.h"
#include "agewise/base/progress.h"
#include "agewise/face/crop.h"
#include "agewise/face/detector.h"
#include "agewise/image/decode.h"
#include "agewise/recipe/recipe.h"

namespace agewise::face {

// Which faces of a picture are wanted. A recipe of ready crops has a picture for one face, whichever is said; a box
// cuts it all the same.
struct Everyone {};   // all that are found, strongest first
struct Strongest {};  // the strongest that is found
struct InLabels {     // the one at the labels' box, in pixels of the picture as it is stored, not turned upright
  std::optional<image::Box> box;
};
// Or a Face, in pixels of the picture turned upright.
using Wanted = std::variant<Everyone, Strongest, Face, InLabels>;

// Why a picture gives no face.
enum class Trouble { none, undecodable, too_small, bad_box, no_face_found };

struct PictureFaces {
  image::PictureInfo info;
  std::vector<FaceCut> cuts;  // face.size × face.size pixels, in the recipe's colour; places in the whole picture
  std::vector<std::string>
      refusals;  // of Everyone, and of a Face: one a cut, why no age is told of it (quality.h); mostly empty
  Trouble trouble = Trouble::none;
  std::string problem;  // what is wrong with the picture or the box, in a few words; empty where nothing is
};

// Pixels of a picture in memory, after a JPEG's reduction: more are a problem. A JPEG of more is read at 1/2, 1/4 or
// 1/8 of its size, the first that fits, and its faces are still told in pixels of the whole one.
struct PixelLimit {
  std::uint64_t most = 50'000'000;
  // Where several readers share a budget of `most` pixels, from which all pictures but small ones take theirs, the
  // memory of all is bounded. Of HEIC and AVIF half as many are read, since libheif needs twice as much for each.
  base::Budget* shared = nullptr;
};

// What reading took of each step, in seconds of whatever clock.
struct ReadingSeconds {
  double decoding = 0, finding = 0, cutting = 0;
};

// Decodes, cuts the faces out as the recipe says, and resizes them. Where everyone is wanted and nobody is found there
// is nothing: never the whole picture, whatever face.no_face says. A recipe whose faces are cut by the labels' boxes
// gets, where a picture comes without labels, the box of the upright faces that its detector finds, cut with the same
// margin and not turned.
//
// A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, as small as the detector makes it anyway, and the faces are
// cut out of that; but those that would have to be enlarged out of the picture decoded again, as large as they need.
// (A face at the labels' box is cut out of the picture at its full size.)
//
// Not for several threads at once: one each.
class FaceReader {
 public:
  // `looks_for_faces` where the recipe has them looked for; false for a caller who always says where they are, which
  // saves the detector. Throws as make_detector() does.
  FaceReader(const recipe::FaceRecipe& recipe, const PixelLimit& limit, bool looks_for_faces = true);

  PictureFaces read(std::span<const std::byte> file, const Wanted& wanted);
  // The same of a picture that is decoded already and stands upright.
  PictureFaces read(image::Image picture, const Wanted& wanted);

  // Asked now and then from now on while a picture is decoded: true ends it, as a problem (image::DecodeOptions).
  void stop_when(std::function<bool()> takes_too_long) { takes_too_long_ = std::move(takes_too_long); }

  // Adds what each step takes to `seconds` from now on. Both must outlive this.
  void time_steps(const base::Clock& clock, ReadingSeconds& seconds);

 private:
  image::DecodeOptions first_look(const Wanted& wanted) const;
  image::Decoded decode(std::span<const std::byte> file, image::DecodeOptions options,
                        std::optional<base::Share>& share);
  PictureFaces read_decoded(image::Decoded look, std::span<const std::byte> file, const Wanted& wanted,
                            std::optional<base::Share>& share);
  std::vector<Face> faces_in(const image::Decoded& look, const Wanted& wanted);
  std::vector<FaceCut> cuts_of(image::Decoded look, std::span<const std::byte> file, const std::vector<Face>& faces,
                               std::optional<base::Share>& share);
  std::vector<std::size_t> cut_from(const image::Decoded& look, const std::vector<Face>& faces,
                                    std::span<const std::size_t> which, bool also_enlarged, std::vector<FaceCut>& cuts);
  template <class Step>
  auto timed(double ReadingSeconds::*step, const Step& work);

  recipe::FaceRecipe recipe_;
  PixelLimit limit_;
  std::unique_ptr<Detector> detector_;
  std::function<bool()> takes_too_long_;
  const base::Clock* clock_ = nullptr;
  ReadingSeconds* seconds_ = nullptr;
};

}  // namespace agewise::face
