#include "agewise/catalog/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "agewise/base/date.h"
#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/catalog/age_text.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/words.h"
#include "agewise/image/kinds.h"

namespace agewise::catalog {
namespace {

constexpr std::array<const char*, 5> kUtkFaceRaces{"White", "Black", "Asian", "Indian", "Others"};
constexpr double kOldest = 125;  // of a folder's name: what is more is no age

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

// Takes pieces off the front of a name.
struct Front {
  std::string_view rest;

  std::optional<std::string_view> digits(std::size_t fewest, std::size_t most) {
    std::size_t size = 0;
    while (size < rest.size() && is_digit(rest[size])) ++size;
    if (size < fewest || size > most) return std::nullopt;
    std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
  std::optional<char> any_of(std::string_view letters) {
    if (rest.empty() || letters.find(rest.front()) == std::string_view::npos) return std::nullopt;
    char taken = rest.front();
    rest.remove_prefix(1);
    return taken;
  }
  bool take(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
};

int number_of(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string_view file_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }  // npos + 1 is 0

// The folders that the path names, the innermost first: 0 is the one that holds the file.
std::string_view folder(std::string_view path, int level) {
  for (; level >= 0; --level) {
    std::size_t end = path.find_last_of('/');
    if (end == std::string_view::npos) return {};
    path = path.substr(0, end);
  }
  return file_name(path);
}

// Without the endings of pictures: "a.jpg.chip.jpg" is "a".
std::string_view stem_of(std::string_view path) {
  std::string_view stem = file_name(path);
  while (true) {
    std::size_t dot = stem.find_last_of('.');
    if (dot == std::string_view::npos || dot == 0) return stem;
    if (!image::has_picture_ending(stem) && !stem.ends_with(".chip")) return stem;
    stem = stem.substr(0, dot);
  }
}

CatalogRow row_named(const std::string& path, std::string_view source) {
  CatalogRow row;
  row.file = path;
  row.source = source;
  return row;
}

Gender by_letter(char letter) { return letter == 'm' || letter == 'M' ? Gender::male : Gender::female; }

// --- UTKFace: 26_1_2_20170104023102422.jpg.chip.jpg; three names lack the race.

struct UtkFace {
  std::optional<int> age, gender, race;
  bool has_date = false;  // behind them
};

UtkFace utkface_of(std::string_view path) {
  UtkFace found;
  Front name{file_name(path)};
  auto number = [&](std::size_t most) -> std::optional<int> {
    Front before = name;
    std::optional<std::string_view> digits = name.digits(1, most);
    if (digits && name.take("_")) return number_of(*digits);
    name = before;
    return std::nullopt;
  };
  found.age = number(9);
  if (!found.age) return found;
  found.gender = number(1);
  if (found.gender) found.race = number(1);
  found.has_date = name.digits(8, 20).has_value();
  return found;
}

bool fits_utkface(std::string_view path) {
  UtkFace found = utkface_of(path);
  if (!found.age || *found.age > kOldest || !found.gender || *found.gender > 1) return false;
  return found.race ? *found.race <= 4 : found.has_date;
}

CatalogRow read_utkface(const std::string& path) {
  CatalogRow row = row_named(path, "utkface");
  UtkFace found = utkface_of(path);
  if (found.age) row.age = *found.age;
  if (found.gender == 0) row.gender = Gender::male;
  if (found.gender == 1) row.gender = Gender::female;
  if (found.race) row.race = utkface_race(std::to_string(*found.race));
  return row;
}

// --- AgeDB: 0_MariaCallas_35_f.jpg. CACD: 53_Robin_Williams_0001.jpg. Both have a name in the middle.

struct Parts {
  std::string_view first, name, last;  // the digits before the name; what follows its last underscore
};

// "[digits]_[name]_[last]", the name with a letter at least.
std::optional<Parts> parts_around_name(std::string_view stem) {
  Front front{stem};
  std::optional<std::string_view> first = front.digits(1, 7);
  if (!first || !front.take("_")) return std::nullopt;
  std::size_t end = front.rest.find_last_of('_');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view name = front.rest.substr(0, end);
  if (std::none_of(name.begin(), name.end(), is_letter)) return std::nullopt;
  return Parts{*first, name, front.rest.substr(end + 1)};
}

struct Person {
  int age;
  std::string_view name;
  Gender gender = Gender::unknown;
};

std::optional<Person> agedb_of(std::string_view path) {
  std::optional<Parts> parts = parts_around_name(stem_of(path));
  if (!parts || parts->last.size() != 1 || std::string_view("mfMF").find(parts->last) == std::string_view::npos)
    return {};
  std::size_t end = parts->name.find_last_of('_');
  if (end == std::string_view::npos) return {};
  Front age{parts->name.substr(end + 1)};
  std::optional<std::string_view> digits = age.digits(1, 3);
  std::string_view name = parts->name.substr(0, end);
  bool named = std::any_of(name.begin(), name.end(), is_letter);
  if (!digits || !age.rest.empty() || !named) return {};
  return Person{number_of(*digits), name, by_letter(parts->last.front())};
}

std::optional<Person> cacd_of(std::string_view path) {
  std::optional<Parts> parts = parts_around_name(stem_of(path));
  if (!parts || parts->first.size() > 3) return {};
  Front number{parts->last};
  if (!number.digits(4, 4) || !number.rest.empty()) return {};
  return Person{number_of(parts->first), parts->name};
}

CatalogRow person_row(const std::string& path, const char* source, const std::optional<Person>& person) {
  CatalogRow row = row_named(path, source);
  if (!person) return row;
  row.age = person->age;
  row.person = person->name;
  row.gender = person->gender;
  return row;
}

bool fits_agedb(std::string_view path) { return agedb_of(path).has_value(); }
CatalogRow read_agedb(const std::string& path) { return person_row(path, "agedb", agedb_of(path)); }
bool fits_cacd(std::string_view path) { return cacd_of(path).has_value(); }
CatalogRow read_cacd(const std::string& path) { return person_row(path, "cacd", cacd_of(path)); }

// --- MORPH II: 009055_1M54.JPG, the person, the photograph's number, M or F, the age.

std::optional<Person> morph_of(std::string_view path) {
  Front name{stem_of(path)};
  std::optional<std::string_view> person = name.digits(4, 7);
  if (!person || !name.take("_") || !name.digits(1, 2)) return {};
  std::optional<char> gender = name.any_of("MFmf");
  if (!gender) return {};
  std::optional<std::string_view> age = name.digits(2, 2);
  if (!age || !name.rest.empty()) return {};
  return Person{number_of(*age), *person, by_letter(*gender)};
}

bool fits_morph(std::string_view path) { return morph_of(path).has_value(); }
CatalogRow read_morph(const std::string& path) { return person_row(path, "morph", morph_of(path)); }

// --- FG-NET: 001A43a.JPG, the person, the age, a letter where there are several. All-Age-Faces: 07381A02.jpg, each
// picture a person; the women come first.

std::optional<Person> before_and_after_a(std::string_view path, std::size_t digits, bool letter) {
  Front name{stem_of(path)};
  std::optional<std::string_view> person = name.digits(digits, digits);
  if (!person || !name.any_of("Aa")) return {};
  std::optional<std::string_view> age = name.digits(2, 2);
  if (!age) return {};
  if (letter && !name.rest.empty() && is_letter(name.rest.front())) name.rest.remove_prefix(1);
  if (!name.rest.empty()) return {};
  return Person{number_of(*age), *person};
}

std::optional<Person> aaf_of(std::string_view path) {
  constexpr int kFirstMan = 7381;
  std::optional<Person> person = before_and_after_a(path, 5, false);
  if (person) person->gender = number_of(person->name) < kFirstMan ? Gender::female : Gender::male;
  return person;
}

bool fits_fgnet(std::string_view path) { return before_and_after_a(path, 3, true).has_value(); }
CatalogRow read_fgnet(const std::string& path) { return person_row(path, "fgnet", before_and_after_a(path, 3, true)); }
bool is_person_folder(std::string_view path) {
  std::optional<Person> person = before_and_after_a(path, 3, true);
  return person && folder(path, 0) == person->name;
}
bool fits_aaf(std::string_view path) { return aaf_of(path).has_value(); }
CatalogRow read_aaf(const std::string& path) { return person_row(path, "aaf", aaf_of(path)); }

// --- AFAD: 18/111/1001-0.jpg, folders for the age and the gender, 111 men and 112 women.

std::optional<Person> afad_of(std::string_view path) {
  std::string_view gender = folder(path, 0);
  if (gender != "111" && gender != "112") return {};
  Front age{folder(path, 1)};
  std::optional<std::string_view> digits = age.digits(1, 3);
  if (!digits || !age.rest.empty()) return {};
  return Person{number_of(*digits), {}, gender == "111" ? Gender::male : Gender::female};
}

bool fits_afad(std::string_view path) { return afad_of(path).has_value(); }
CatalogRow read_afad(const std::string& path) { return person_row(path, "afad", afad_of(path)); }

// --- IMDB-WIKI: 17/10000217_1981-05-05_2009.jpg, 01/nm0000001_rm124825600_1899-5-10_1968.jpg: an id, the date of
// birth, the year of the photograph. Some dates are impossible or have an hour behind them.

struct Dated {
  base::Date born{};
  int taken = 0;
  std::string_view id;  // of the person at IMDB, of the picture at Wikipedia
  bool imdb = false;
};

std::optional<Dated> imdb_wiki_of(std::string_view path) {
  Front name{stem_of(path)};
  Dated found;
  found.imdb = name.take("nm");
  std::optional<std::string_view> id = name.digits(1, 10);
  if (!id || !name.take("_")) return {};
  found.id = *id;
  if (found.imdb) {
    if (!name.take("rm") || !name.digits(1, 12) || !name.take("_")) return {};
  }
  std::optional<std::string_view> year = name.digits(4, 4);
  if (!year || !name.take("-")) return {};
  std::optional<std::string_view> month = name.digits(1, 3);
  if (!month || !name.take("-")) return {};
  std::optional<std::string_view> day = name.digits(1, 3);
  std::size_t end = name.rest.find_last_of('_');
  if (!day || end == std::string_view::npos) return {};
  Front taken{name.rest.substr(end + 1)};
  std::optional<std::string_view> digits = taken.digits(4, 4);
  if (!digits || !taken.rest.empty()) return {};
  found.born = {number_of(*year), number_of(*month), number_of(*day)};
  found.taken = number_of(*digits);
  return found;
}

bool fits_imdb_wiki(std::string_view path) { return imdb_wiki_of(path).has_value(); }

// Its folders are the last two digits of the ids.
bool ends_with_folder(std::string_view path) {
  std::optional<Dated> found = imdb_wiki_of(path);
  return found && folder(path, 0).size() == 2 && found->id.ends_with(folder(path, 0));
}

CatalogRow read_imdb_wiki_name(const std::string& path) {
  std::optional<Dated> found = imdb_wiki_of(path);
  CatalogRow row = row_named(path, found && found->imdb ? "imdb" : "wiki");
  if (!found) return row;
  if (base::is_valid(found->born)) row.born = static_cast<double>(base::matlab_day(found->born));
  row.taken = found->taken;
  if (found->imdb) row.person = fmt::format("nm{}", found->id);
  return row;
}

// --- One folder an age: 025/b.jpg, or a range, 20-29/b.jpg.

bool is_age_of_folder(const AgeText& age) {
  const auto* years = std::get_if<double>(&age);
  const auto* range = std::get_if<age::Range>(&age);
  return (years != nullptr && *years >= 0 && *years <= kOldest) || (range != nullptr && range->low <= kOldest);
}

bool fits_folders(std::string_view path) { return is_age_of_folder(read_age(folder(path, 0))); }

CatalogRow read_folders(const std::string& path) {
  CatalogRow row = row_named(path, "folders");
  row.split = split_word(folder(path, 1)).value_or("");
  AgeText age = read_age(folder(path, 0));
  if (!is_age_of_folder(age)) return row;
  if (const auto* years = std::get_if<double>(&age)) row.age = *years;
  if (const auto* range = std::get_if<age::Range>(&age)) row.age_range = *range;
  return row;
}

bool explains_nothing(std::string_view) { return false; }

constexpr std::array<NameForm, 9> kForms{{
    {"utkface", "UTKFace", "[age]_[gender]_[race]_[date].jpg", explains_nothing, fits_utkface, read_utkface,
     Gender::female},
    {"imdb-wiki", "IMDB-WIKI", "[id]_[date of birth]_[year].jpg", ends_with_folder, fits_imdb_wiki, read_imdb_wiki_name,
     Gender::male},
    {"agedb", "AgeDB", "[number]_[name]_[age]_[m or f].jpg", explains_nothing, fits_agedb, read_agedb, Gender::unknown},
    {"cacd", "CACD", "[age]_[name]_[0001].jpg", explains_nothing, fits_cacd, read_cacd, Gender::unknown},
    {"morph", "MORPH", "[person]_[number][M or F][age].jpg", explains_nothing, fits_morph, read_morph, Gender::unknown},
    {"fgnet", "FG-NET", "[person]A[age].jpg", is_person_folder, fits_fgnet, read_fgnet, Gender::unknown},
    {"aaf", "All-Age-Faces", "[person, 5 digits]A[age].jpg", explains_nothing, fits_aaf, read_aaf, Gender::male},
    {"afad", "AFAD", "[age]/[111 or 112]/[name].jpg", fits_afad, fits_afad, read_afad, Gender::unknown},
    {"folders", "one folder an age", "[age]/[name].jpg", explains_nothing, fits_folders, read_folders, Gender::unknown},
}};

}  // namespace

std::string utkface_race(const std::string& text) {
  bool digit = text.size() == 1 && text[0] >= '0' && text[0] <= '4';
  return digit ? kUtkFaceRaces[static_cast<std::size_t>(text[0] - '0')] : text;
}

std::span<const NameForm> name_forms() { return kForms; }

const NameForm* name_form(std::string_view key) {
  for (const NameForm& form : kForms) {
    if (form.key == key) return &form;
  }
  return nullptr;
}

}  // namespace agewise::catalog
