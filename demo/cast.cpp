#include "demo/cast.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "agewise/base/date.h"

namespace agewise::demo {
namespace {

struct FlawShare {
  Flaw flaw;
  double share;  // of the rows; roughly as in IMDB-WIKI, but for missing faces, a third of its rows
};
constexpr std::array<FlawShare, 12> kFlaws{{{Flaw::no_face, 0.08},
                                            {Flaw::second_face, 0.05},
                                            {Flaw::low_score, 0.02},
                                            {Flaw::impossible_age, 0.025},
                                            {Flaw::missing_file, 0.005},
                                            {Flaw::empty_file, 0.004},
                                            {Flaw::truncated_file, 0.006},
                                            {Flaw::web_page, 0.003},
                                            {Flaw::one_pixel, 0.003},
                                            {Flaw::png, 0.006},
                                            {Flaw::blanks_in_path, 0.01},
                                            {Flaw::unknown_gender, 0.04}}};

Flaw any_flaw(base::Random& random) {
  double place = random.uniform();
  for (const FlawShare& candidate : kFlaws) {
    if (place < candidate.share) return candidate.flaw;
    place -= candidate.share;
  }
  return Flaw::none;
}

// More adults than children and old people, as among those who have photographs on the web, but some of each.
int any_age(base::Random& random) {
  double kind = random.uniform();
  if (kind < 0.2) return static_cast<int>(random.uniform(0, 18));
  if (kind < 0.8) return static_cast<int>(random.uniform(18, 62));
  return static_cast<int>(random.uniform(62, 96));
}

std::string any_name(bool female, base::Random& random) {
  static constexpr std::array<const char*, 12> kWomen{"Ada",  "Maya", "Ingrid", "Noor", "Lucía", "Zoë",
                                                      "Hana", "Ruth", "Amara",  "Vera", "Mei",   "Olga"};
  static constexpr std::array<const char*, 12> kMen{"Emil", "Kofi", "Jonas", "Ravi", "Tomás",  "Hugo",
                                                    "Ken",  "Omar", "Piet",  "Leo",  "Jürgen", "Ivan"};
  static constexpr std::array<const char*, 16> kBegin{"Bran", "Kal", "Mor", "Sten", "Ando", "Vil", "Tar", "Ros",
                                                      "Hal",  "Ber", "Lin", "Okon", "Sai",  "Fer", "Dun", "Mat"};
  static constexpr std::array<const char*, 12> kEnd{"berg", "mann", "ova", "well", "son", "ida",
                                                    "ucci", "ton",  "aki", "ez",   "eau", "wala"};
  const auto& first = female ? kWomen : kMen;
  std::string name = first[random.below(first.size())];
  return name + " " + kBegin[random.below(kBegin.size())] + kEnd[random.below(kEnd.size())];
}

void spoil(CastMember& member, base::Random& random) {
  WikiRow& row = member.row;
  switch (member.flaw) {
    case Flaw::no_face:
      row.face_score = kNoFace;
      row.face = {0, 0, static_cast<double>(member.width), static_cast<double>(member.height)};
      break;
    case Flaw::second_face:
      row.second_face_score = random.uniform(1, 4);
      break;
    case Flaw::low_score:
      row.face_score = random.uniform(0.73, 1);
      break;
    case Flaw::impossible_age:
      row.dob += 365 * (random.uniform() < 0.5 ? -random.uniform(110, 900) : member.age + random.uniform(2, 60));
      row.dob = std::floor(row.dob);
      break;
    case Flaw::blanks_in_path:
      row.full_path += "  ";
      break;
    case Flaw::unknown_gender:
      row.gender = catalog::kNotANumber;
      break;
    default:
      break;  // of the file, not the row
  }
}

CastMember make_member(std::size_t place, std::uint64_t seed) {
  base::Random random(seed, base::Purpose::demo, 0, static_cast<std::uint32_t>(place));
  CastMember member;
  member.age = any_age(random);
  member.gender = random.uniform() < 0.45 ? catalog::Gender::female : catalog::Gender::male;
  member.width = static_cast<int>(random.uniform(100, 251));
  member.height = static_cast<int>(member.width * random.uniform(0.95, 1.15));
  member.flaw = any_flaw(random);
  WikiRow& row = member.row;
  int year = static_cast<int>(random.uniform(1962, 2016));
  row.photo_taken = year;
  row.dob = day_of_birth(member.age, year, random);
  row.full_path = wiki_path(kFirstNumber + kNumberStep * place, row.dob, year);
  row.gender = member.gender == catalog::Gender::female ? 0 : 1;
  row.name = any_name(member.gender == catalog::Gender::female, random);
  row.face_score = random.uniform(1.05, 6.5);
  spoil(member, random);
  return member;
}

}  // namespace

std::vector<CastMember> make_cast(std::size_t count, std::uint64_t seed) {
  std::vector<CastMember> cast;
  cast.reserve(count);
  for (std::size_t i = 0; i < count; ++i) cast.push_back(make_member(i, seed));
  return cast;
}

double day_of_birth(int age, int year, base::Random& random) {
  return static_cast<double>(base::matlab_day({year - age, 7, 1}) - static_cast<std::int64_t>(random.below(365)));
}

std::string wiki_path(std::size_t id, double dob, int photo_taken) {
  base::Date born = base::date_of_matlab_day(static_cast<std::int64_t>(dob));
  return fmt::format("{:02}/{}_{:04}-{:02}-{:02}_{}.jpg", id % 100, id, born.year, born.month, born.day, photo_taken);
}

}  // namespace agewise::demo
