#include "agewise/serve/json_body.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

constexpr const char* kShape =
    R"(the body must be {"picture": "…"} or {"pictures": ["…", …]}, each in base64 or as a data URL)";

constexpr std::array<int, 256> values_of_digits() {
  std::array<int, 256> values{};
  values.fill(-1);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
  values['-'] = 62;  // RFC 4648, §5
  values['_'] = 63;
  return values;
}

// Appends to `bytes`; false if `text` is no base64. Line ends and blanks count for nothing.
bool decode_base64(std::string_view text, std::vector<std::byte>& bytes) {
  static constexpr std::array<int, 256> kValues = values_of_digits();
  std::uint32_t bits = 0;
  std::size_t digits = 0, padding = 0;
  for (char c : text) {
    if (c == '\r' || c == '\n' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 != 1) bytes.push_back(static_cast<std::byte>(bits >> (6 - 2 * ((digits - 1) % 4))));
  }
  return digits % 4 != 1 && padding <= 2;
}

// Without "data:image/jpeg;base64,", where it begins with that.
std::string_view base64_of(std::string_view text) {
  if (base::lower(text.substr(0, 5)) != "data:") return text;
  std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || !base::lower(text.substr(0, comma)).ends_with(";base64"))
    throw BadJson("a data URL must be of base64, as in data:image/jpeg;base64,…");
  return text.substr(comma + 1);
}

// Called by the parser with what it meets; false, or BadJson, ends the reading.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Reader(JsonBody& body, std::size_t most) : body_(body), most_(most) {}
  bool is_whole() const { return place_ == Place::end && has_pictures_; }

  bool start_object(std::size_t) override { return move(Place::begin, Place::object); }
  bool end_object() override { return move(Place::object, Place::end); }
  bool start_array(std::size_t) override {
    body_.is_list = true;
    return move(Place::pictures, Place::list);
  }
  bool end_array() override { return move(Place::list, Place::object); }
  bool key(std::string& name) override {
    bool is_pictures = name == "picture" || name == "pictures";
    if (is_pictures && !std::exchange(has_pictures_, true)) {
      place_ = name == "picture" ? Place::picture : Place::pictures;
      return true;
    }
    if (name == "distribution" && !body_.distribution) return move(Place::object, Place::distribution);
    return false;
  }
  bool string(std::string& text) override {
    if (place_ != Place::list && !move(Place::picture, Place::object)) return false;
    if (body_.sizes.size() == most_) throw BadJson("more than " + std::to_string(most_) + " pictures");
    std::size_t before = body_.bytes.size();
    std::string number = std::to_string(body_.sizes.size() + 1);
    if (!decode_base64(base64_of(text), body_.bytes))
      throw BadJson("picture " + number + " is not base64; a picture is base64 or a data URL, nothing is fetched");
    body_.sizes.push_back(body_.bytes.size() - before);
    if (body_.sizes.back() == 0) throw BadJson("picture " + number + " is empty");
    return true;
  }
  bool boolean(bool value) override {
    body_.distribution = value;
    return move(Place::distribution, Place::object);
  }
  bool null() override { return false; }
  bool number_integer(number_integer_t) override { return false; }
  bool number_unsigned(number_unsigned_t) override { return false; }
  bool number_float(number_float_t, const std::string&) override { return false; }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  enum class Place { begin, object, picture, pictures, list, distribution, end };

  bool move(Place from, Place to) {
    if (place_ != from) return false;
    place_ = to;
    return true;
  }

  JsonBody& body_;
  const std::size_t most_;
  Place place_ = Place::begin;
  bool has_pictures_ = false;
};

}  // namespace

JsonBody parse_json_body(std::span<const std::byte> body, std::size_t most) {
  JsonBody parsed;
  parsed.bytes.reserve(body.size() / 4 * 3);
  Reader reader(parsed, most);
  const char* text = reinterpret_cast<const char*>(body.data());
  if (!nlohmann::json::sax_parse(text, text + body.size(), &reader) || !reader.is_whole()) throw BadJson(kShape);
  if (parsed.sizes.empty()) throw BadJson("no picture in it");
  return parsed;
}

}  // namespace agewise::serve
