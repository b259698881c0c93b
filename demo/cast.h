// Who is in a drawn collection, and what is wrong with some of its rows and files: what is wrong in IMDB-WIKI too.
#pragma once
#include <cstdint>
#include <vector>

#include "agewise/base/random.h"
#include "agewise/catalog/catalog.h"
#include "demo/wiki_mat.h"

namespace agewise::demo {

enum class Flaw {
  none,
  no_face,         // a landscape; face_score -Inf, the box is the whole picture
  second_face,     // two people, and a second_face_score
  low_score,       // hardly a face to the detector
  impossible_age,  // a date of birth centuries off, or after the photograph
  missing_file,    // not in the tar
  empty_file,      // 0 bytes
  truncated_file,  // cut short
  web_page,        // what a server said instead of sending the picture
  one_pixel,       // 1×1
  png,             // a good PNG, called .jpg
  blanks_in_path,  // the label's path ends in blanks
  unknown_gender,
};

struct CastMember {
  int age = 0;  // years; the row's own dates give the same by the mid-year rule, but for impossible ages
  catalog::Gender gender = catalog::Gender::unknown;  // as drawn
  int width = 0, height = 0;                          // of the picture
  Flaw flaw = Flaw::none;
  WikiRow row;  // all but the face box of those that have a face
};

// `count` people. Each depends on the seed and its own place alone.
std::vector<CastMember> make_cast(std::size_t count, std::uint64_t seed);

// Day of birth of someone who is `age` years old on 1 July of `year` (mid-year rule), any day of the year alike.
double day_of_birth(int age, int year, base::Random& random);

// IDs of drawn pictures go up from the first by the step, those of copied ones by one.
inline constexpr std::size_t kFirstNumber = 1000, kNumberStep = 7;

// "NN/ID_YYYY-MM-DD_YYYY.jpg", NN the id's last two digits, as IMDB-WIKI names its files.
std::string wiki_path(std::size_t id, double dob, int photo_taken);

}  // namespace agewise::demo
