// Hostile and broken files, one by one: each must be refused with a message that says what is wrong.
#include <gmock/gmock.h>

#include <cstring>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

using testing::HasSubstr;

struct BadFile {
  const char* name;
  std::string content;
  const char* message;
};

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + rest;
}

std::string with_header(const std::string& header, std::size_t data_bytes = 0) {
  return with_length(header.size(), header + std::string(data_bytes, '\0'));
}

// One array "a" of type F32 with this description, and data behind it.
std::string with_array(const std::string& shape, const std::string& offsets, std::size_t data_bytes,
                       const std::string& dtype = R"("F32")") {
  return with_header(R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
                     data_bytes);
}

std::string with_two(const std::string& first, const std::string& second, std::size_t data_bytes) {
  return with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
                         R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}",
                     data_bytes);
}

std::vector<BadFile> bad_files() {
  const std::string good_entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  return {
      {"empty", "", "cut short: no header"},
      {"seven_bytes", std::string(7, '\0'), "cut short: no header"},
      {"face_store", "SQLite format 3" + std::string(100, '\0'),
       "is an SQLite database, as face stores are, and not a model"},
      {"header_of_100_000_001_bytes", with_length(100'000'001, "{}"), "at most 100000000"},
      {"header_length_of_all_ones", with_length(~std::uint64_t{0}, "{}"), "at most 100000000"},
      {"header_cut_short", with_length(100, "{}"), "the header has 100 bytes, but only 2 follow"},
      {"no_header", with_length(0, ""), "does not begin with {"},
      {"header_is_a_list", with_header("[]"), "does not begin with {"},
      {"blank_before_the_header", with_header(" {}"), "does not begin with {"},
      {"header_is_no_json", with_header("{\"a\":"), "not JSON"},
      {"second_document_behind_the_header", with_header("{}{}"), "not JSON"},
      {"name_is_not_utf8", with_header("{\"\xff\":" + good_entry + "}", 4), "not JSON"},
      {"metadata_is_not_utf8", with_header("{\"__metadata__\":{\"a\":\"\xc3\"}}"), "not JSON"},
      {"metadata_holds_a_number", with_header(R"({"__metadata__":{"a":1}})"), "something other than strings"},
      {"metadata_is_a_text", with_header(R"({"__metadata__":"a"})"), "JSON object"},
      {"metadata_twice", with_header(R"({"__metadata__":{},"__metadata__":{}})"), "appears twice"},
      {"metadata_key_twice", with_header(R"({"__metadata__":{"a":"1","a":"2"}})"), "a key twice"},
      {"name_twice", with_header("{\"a\":" + good_entry + ",\"a\":" + good_entry + "}", 4), "\"a\": appears twice"},
      {"array_is_a_number", with_header(R"({"a":1})"), "JSON object"},
      {"array_is_a_list", with_header(R"({"a":[1]})"), "a list where none is expected"},
      {"array_is_empty", with_header(R"({"a":{}})"), "has no dtype"},
      {"no_shape", with_header(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4), "has no shape"},
      {"no_offsets", with_header(R"({"a":{"dtype":"F32","shape":[1]}})", 4), "has no data_offsets"},
      {"unknown_key", with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4),
       "a key other than dtype"},
      {"shape_twice", with_header(R"({"a":{"shape":[1],"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), "twice"},
      {"object_in_the_description", with_header(R"({"a":{"dtype":{"x":1}}})"), "an object in its description"},
      {"nested_lists", with_header("{\"a\":{\"shape\":" + std::string(1'000'000, '[')),
       "a list where none is expected"},
      {"list_of_a_million",
       with_header("{\"a\":{\"shape\":[0" +
                   [] {
                     std::string zeros;
                     for (int i = 0; i < 1'000'000; ++i) zeros += ",0";
                     return zeros;
                   }()),
       "a list that is too long"},
      {"type_of_8_bits", with_array("[8]", "[0,8]", 8, R"("F8_E4M3")"), "has type \"F8_E4M3\"; only F64, F32"},
      {"type_is_a_number", with_array("[1]", "[0,4]", 4, "32"), "dtype must be a string"},
      {"type_of_other_width", with_array("[2]", "[0,8]", 8, R"("F16")"), "needs 2 values of 2 bytes"},
      {"shape_is_a_number", with_array("1", "[0,4]", 4), "shape must be"},
      {"negative_shape", with_array("[-1]", "[0,4]", 4), "shape must be"},
      {"fractional_shape", with_array("[1.0]", "[0,4]", 4), "shape must be"},
      {"shape_of_nine_dimensions", with_array("[1,1,1,1,1,1,1,1,1]", "[0,4]", 4), "too long"},
      {"shape_that_overflows", with_array("[4294967296,4294967296]", "[0,0]", 0), "too large"},
      {"shape_that_overflows_before_a_zero", with_array("[9223372036854775807,2,0]", "[0,0]", 0), "too large"},
      {"side_beyond_63_bits", with_array("[9223372036854775808]", "[0,4]", 4), "shape must be"},
      {"shape_times_item_size_overflows", with_array("[4611686018427387905]", "[0,4]", 4), "needs 46116860184273"},
      {"shape_larger_than_offsets", with_array("[2]", "[0,4]", 4), "needs 2 values of 4 bytes"},
      {"three_offsets", with_array("[1]", "[0,4,8]", 8), "two numbers, begin and end"},
      {"offsets_backwards", with_array("[1]", "[4,0]", 4), "two numbers, begin and end"},
      {"offsets_negative", with_array("[1]", "[-4,0]", 4), "data_offsets must be"},
      {"offsets_beyond_63_bits", with_array("[1]", "[18446744073709551612,18446744073709551615]", 4), "must be"},
      {"offsets_not_whole_values", with_array("[1]", "[0,5]", 5), "needs 1 values of 4 bytes"},
      {"data_cut_short", with_array("[2]", "[0,8]", 7), "cut short: 7 bytes of data"},
      {"data_far_beyond_the_end", with_array("[2305843009213693951]", "[0,9223372036854775804]", 8), "cut short"},
      {"bytes_left_over", with_array("[1]", "[0,4]", 5), "1 unexpected bytes after the last array"},
      {"hole_at_the_beginning", with_array("[1]", "[4,8]", 8), "leaves a gap"},
      {"hole_between_arrays", with_two("[0,4]", "[8,12]", 12), "leaves a gap"},
      {"arrays_that_overlap", with_two("[0,4]", "[2,6]", 6), "overlaps"},
      {"arrays_at_the_same_place", with_two("[0,4]", "[0,4]", 4), "overlaps"},
  };
}

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.name; }

class BadSafetensors : public testing::TestWithParam<BadFile> {};

TEST_P(BadSafetensors, is_refused_with_the_reason) {
  const BadFile& file = GetParam();
  try {
    parse_safetensors_header(std::as_bytes(std::span(file.content)));
    FAIL() << "was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(file.message));
    EXPECT_LT(std::strlen(error.what()), 300U);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, BadSafetensors, testing::ValuesIn(bad_files()),
                         [](const auto& file) { return std::string(file.param.name); });

TEST(CutSafetensors, no_beginning_of_a_good_file_is_taken_for_a_whole_one) {
  std::vector<std::byte> whole =
      base::read_file(AGEWISE_SOURCE_DIR "/tests/weights/golden/python.safetensors", 1 << 20);
  EXPECT_EQ(parse_safetensors_header(whole).tensors.size(), 5U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_safetensors_header(std::span(whole).first(size)), base::Error) << size;
  }
}

TEST(HostileNames, are_shown_on_one_line_and_not_endlessly) {
  auto message_of = [](const std::string& name) {
    std::string content = with_header("{\"" + name + "\":1}");
    try {
      parse_safetensors_header(std::as_bytes(std::span(content)));
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message_of("a\\nb"), R"(array "a\nb": must be described by a JSON object)");
  EXPECT_THAT(message_of(std::string(1'000'000, 'x')), HasSubstr("(a name of 1000000 bytes)"));
}

}  // namespace
}  // namespace agewise::weights
