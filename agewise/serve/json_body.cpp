#include "agewise/serve/json_body.h"

#include <rapidjson/reader.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

constexpr const char* kShape =
    R"(the body must be {"picture": "…"} or {"pictures": ["…", …]}, each in base64 or as a data URL; and may have )"
    R"("distribution": true or false, and "at_least": whole years above 0)";

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
    throw BadJson("a data URL must be in base64, as in data:image/jpeg;base64,…");
  return text.substr(comma + 1);
}

// The body as RapidJSON reads it, which writes each text over the place where it stood: nothing is copied. RapidJSON's
// own stream of this kind needs a zero behind the end.
class BodyStream {
 public:
  using Ch = char;  // the name that RapidJSON asks for

  explicit BodyStream(std::span<char> body) : body_(body) {}
  char Peek() const { return at_ < body_.size() ? body_[at_] : '\0'; }
  char Take() { return at_ < body_.size() ? body_[at_++] : '\0'; }
  std::size_t Tell() const { return at_; }
  char* PutBegin() {
    to_ = at_;
    return body_.data() + to_;
  }
  void Put(char c) { body_[to_++] = c; }
  std::size_t PutEnd(const char* begin) const { return static_cast<std::size_t>(body_.data() + to_ - begin); }
  void Flush() {}

 private:
  std::span<char> body_;
  std::size_t at_ = 0, to_ = 0;
};

// Called by the parser with what it meets; false, or BadJson, ends the reading.
class Pictures : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Pictures> {
 public:
  Pictures(JsonBody& body, std::size_t most) : body_(body), most_(most) {}
  bool is_whole() const { return place_ == Place::end && has_pictures_; }

  bool Default() { return false; }  // null and other numbers
  bool Uint(unsigned value) {
    if (value == 0 || value > unsigned{std::numeric_limits<int>::max()}) return false;
    body_.at_least = static_cast<int>(value);
    return move(Place::at_least, Place::object);
  }
  bool StartObject() { return move(Place::begin, Place::object); }
  bool EndObject(rapidjson::SizeType) { return move(Place::object, Place::end); }
  bool StartArray() {
    body_.is_list = true;
    return move(Place::pictures, Place::list);
  }
  bool EndArray(rapidjson::SizeType) { return move(Place::list, Place::object); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    std::string_view name(text, size);
    bool is_pictures = name == "picture" || name == "pictures";
    if (is_pictures && !std::exchange(has_pictures_, true)) {
      place_ = name == "picture" ? Place::picture : Place::pictures;
      return true;
    }
    if (name == "distribution" && !body_.distribution) return move(Place::object, Place::distribution);
    if (name == "at_least" && !body_.at_least) return move(Place::object, Place::at_least);
    return false;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (place_ != Place::list && !move(Place::picture, Place::object)) return false;
    if (body_.sizes.size() == most_) throw BadJson("more than " + std::to_string(most_) + " pictures");
    std::size_t before = body_.bytes.size();
    std::string number = std::to_string(body_.sizes.size() + 1);
    if (!decode_base64(base64_of({text, size}), body_.bytes))
      throw BadJson("picture " + number +
                    " is not base64; give base64 or a data URL, because nothing is fetched from other addresses");
    body_.sizes.push_back(body_.bytes.size() - before);
    if (body_.sizes.back() == 0) throw BadJson("picture " + number + " is empty");
    return true;
  }
  bool Bool(bool value) {
    body_.distribution = value;
    return move(Place::distribution, Place::object);
  }

 private:
  enum class Place { begin, object, picture, pictures, list, distribution, at_least, end };

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

JsonBody parse_json_body(std::span<std::byte> body, std::size_t most) {
  JsonBody parsed;
  parsed.bytes.reserve(body.size() / 4 * 3);
  Pictures pictures(parsed, most);
  BodyStream stream({reinterpret_cast<char*>(body.data()), body.size()});
  bool is_json = !rapidjson::Reader().Parse<rapidjson::kParseInsituFlag>(stream, pictures).IsError();
  bool to_the_end = stream.Tell() == body.size();  // to the parser a zero byte is the end
  if (!is_json || !to_the_end || !pictures.is_whole()) throw BadJson(kShape);
  if (parsed.sizes.empty()) throw BadJson("the body has no picture");
  return parsed;
}

}  // namespace agewise::serve
