// .mat files whose every byte is known: all storage types, all encodings, lengths that lie. And what matio writes.
#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/catalog.h"
#include "tests/catalog/mat_bytes.h"
#include "tests/catalog/write_mat.h"

namespace agewise::catalog {
namespace {

using mat_bytes::array;
using mat_bytes::bytes_of;
using mat_bytes::element;
using mat_bytes::Fields;
using mat_bytes::word;
using testing::HasSubstr;

constexpr std::uint32_t kCell = 1, kChar = 4, kDouble = 6;  // classes

std::string doubles(const std::vector<double>& values) {
  return array(kDouble, {1, static_cast<std::int32_t>(values.size())}, element(9, bytes_of(values)));
}

std::string ascii(const std::string& text) {
  return array(kChar, {1, static_cast<std::int32_t>(text.size())}, element(16, text));
}

std::string cells(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += item;
  return array(kCell, {1, static_cast<std::int32_t>(items.size())}, all);
}

// Two rows.
Fields faces() {
  return {{"dob", doubles({727015, 727016})},
          {"photo_taken", doubles({2010, 2011})},
          {"full_path", cells({ascii("01/a.jpg"), ascii("02/b.jpg")})},
          {"gender", doubles({1, 0})},
          {"name", cells({ascii("Ann"), ascii("Bob")})},
          {"face_location", cells({doubles({1, 1, 5, 5}), doubles({2, 3, 4, 5})})},
          {"face_score", doubles({3, 4})},
          {"second_face_score", doubles({std::nan(""), 2})}};
}

Fields with(const std::string& field, const std::string& content) {
  Fields fields = faces();
  for (auto& [name, old] : fields)
    if (name == field) old = content;
  return fields;
}

class MatReader : public testing::Test {
 protected:
  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "agewise-reader.mat";
  void TearDown() override { std::filesystem::remove(file_); }

  std::vector<CatalogRow> rows(const std::string& variable) {
    base::write_file(file_, mat_bytes::file(variable));
    return read_labels(file_).rows;
  }
  std::vector<CatalogRow> rows(const Fields& fields) { return rows(mat_bytes::structure("wiki", fields)); }

  std::string error(const std::string& variable) {
    try {
      rows(variable);
    } catch (const base::Error& problem) {
      EXPECT_THAT(problem.what(), HasSubstr("agewise-reader.mat"));
      return problem.what();
    }
    return "no error";
  }
  std::string error(const Fields& fields) { return error(mat_bytes::structure("wiki", fields)); }
};

TEST_F(MatReader, reads_what_was_put_together_by_hand) {
  std::vector<CatalogRow> read = rows(faces());
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[1].born, 727016);
  EXPECT_EQ(read[1].taken, 2011);
  EXPECT_EQ(read[1].file, "02/b.jpg");
  EXPECT_EQ(read[1].gender, Gender::female);
  EXPECT_EQ(read[1].person, "Bob");
  EXPECT_EQ(read[1].face->top, 2);
  EXPECT_EQ(read[1].face_score, 4);
  EXPECT_TRUE(std::isnan(read[0].second_face_score));
}

// `values` as T, in the array classes 6 (double) and `own`, which the file may store in any type.
template <class T>
Fields stored(std::uint32_t type, std::uint32_t array_class, const std::vector<T>& values, bool small) {
  auto count = static_cast<std::int32_t>(values.size());
  return with("dob", array(array_class, {1, count}, element(type, bytes_of(values), small)));
}

TEST_F(MatReader, numbers_of_every_storage_type_are_read_whatever_the_class) {
  auto check = [&](auto sample, std::uint32_t type, std::uint32_t own, double least) {
    using T = decltype(sample);
    for (std::uint32_t array_class : {kDouble, own}) {
      for (bool small : {false, true}) {
        SCOPED_TRACE(testing::Message() << "type " << type << ", class " << array_class << ", small " << small);
        std::vector<CatalogRow> read = rows(stored<T>(type, array_class, {static_cast<T>(least), 100}, small));
        EXPECT_EQ(read[0].born, least);
        EXPECT_EQ(read[1].born, 100);
      }
    }
  };
  check(std::int8_t{}, 1, 8, -128);
  check(std::uint8_t{}, 2, 9, 255);
  check(std::int16_t{}, 3, 10, -32768);
  check(std::uint16_t{}, 4, 11, 65535);
  check(std::int32_t{}, 5, 12, -2147483648.0);
  check(std::uint32_t{}, 6, 13, 4294967295.0);
  check(float{}, 7, 7, -0.5);
  check(double{}, 9, 6, 0.1);
  check(std::int64_t{}, 12, 14, -4611686018427387904.0);  // -2^62
  check(std::uint64_t{}, 13, 15, 9223372036854775808.0);  // 2^63
}

TEST_F(MatReader, boxes_of_integers_of_64_bits_are_read) {
  std::string box = array(14, {1, 4}, element(12, bytes_of(std::vector<std::int64_t>{-3, 1, 250, 251})));
  std::vector<CatalogRow> read = rows(with("face_location", cells({box, doubles({1, 1, 2, 2})})));
  EXPECT_EQ(read[0].face->left, -4);
  EXPECT_EQ(read[0].face->bottom, 251);
}

// "Zoë" and U+1F600, a face outside the first 65,536 characters: F0 9F 98 80 in UTF-8, D83D DE00 in UTF-16.
TEST_F(MatReader, texts_of_every_encoding_are_read) {
  const std::string expected = "Zo\xC3\xAB \xF0\x9F\x98\x80";
  std::string utf16 = bytes_of(std::vector<std::uint16_t>{'Z', 'o', 0xEB, ' ', 0xD83D, 0xDE00});
  std::string utf32 = bytes_of(std::vector<std::uint32_t>{'Z', 'o', 0xEB, ' ', 0x1F600});
  for (const std::string& name :
       {array(kChar, {1, 9}, element(16, expected)), array(kChar, {1, 6}, element(16, expected)),
        array(kChar, {1, 6}, element(17, utf16)), array(kChar, {1, 6}, element(4, utf16)),
        array(kChar, {1, 5}, element(18, utf32)), array(kChar, {1, 9}, element(2, expected)),
        array(kChar, {1, 9}, element(1, expected))}) {
    EXPECT_EQ(rows(with("name", cells({name, ascii("Bob")})))[0].person, expected);
  }
  std::string half = array(kChar, {1, 2}, element(17, bytes_of(std::vector<std::uint16_t>{0xD83D, 'x'})));
  EXPECT_EQ(rows(with("name", cells({half, ascii("Bob")})))[0].person, "\xEF\xBF\xBDx");
}

TEST_F(MatReader, empty_cells_and_cells_of_another_kind_are_rows_without_that_value) {
  std::string empty = word(14) + word(0), numbers = doubles({1, 2, 3});
  EXPECT_EQ(rows(with("name", cells({empty, numbers})))[0].person, "");
  EXPECT_EQ(rows(with("name", cells({empty, numbers})))[1].person, "");
  EXPECT_FALSE(rows(with("face_location", cells({empty, numbers})))[0].face);
  EXPECT_FALSE(rows(with("face_location", cells({ascii("1234"), numbers})))[0].face);
  EXPECT_FALSE(rows(with("face_location", cells({empty, numbers})))[1].face);
}

TEST_F(MatReader, other_variables_and_fields_are_passed_over) {
  Fields fields = faces();
  fields.insert(fields.begin() + 2, {"notes", cells({ascii("x"), doubles({1})})});
  fields.push_back({"more", doubles({1, 2, 3})});
  std::string other = array(kDouble, {1, 1}, element(9, bytes_of(std::vector<double>{1})), "other");
  EXPECT_EQ(rows(other + mat_bytes::structure("wiki", fields))[1].person, "Bob");
}

TEST_F(MatReader, counts_that_the_data_do_not_bear_out_are_refused_before_memory_is_taken_for_them) {
  std::string one = element(9, bytes_of(std::vector<double>{1}));
  EXPECT_THAT(error(with("dob", array(kDouble, {1, 3'999'999}, one))), HasSubstr("wiki.dob is damaged"));
  EXPECT_THAT(error(with("dob", array(kDouble, {65536, 65536, 65536, 65536}, one))), HasSubstr("more than 4000000"));
  EXPECT_THAT(error(with("dob", array(kDouble, {1, -1}, one))), HasSubstr("more than 4000000"));
  EXPECT_THAT(error(with("name", array(kCell, {1, 3'999'999}, ascii("Ann")))), HasSubstr("wiki.name{2} is damaged"));
  EXPECT_THAT(error(with("name", array(kCell, {1, 1}, ascii("Ann") + ascii("Bob")))),
              HasSubstr("data after its last cell"));
  EXPECT_THAT(error(with("name", cells({array(kChar, {1, 9}, element(16, "Ann")), ascii("Bob")}))),
              HasSubstr("wiki.name{1} is damaged: its data do not fit its dimensions"));
}

TEST_F(MatReader, lengths_that_reach_beyond_what_they_are_in_are_refused) {
  std::string longer = doubles({727015, 727016});
  longer[4] = static_cast<char>(longer[4] + 8);  // swallows the tag of the next field
  EXPECT_THAT(error(with("dob", longer)), HasSubstr("wiki.dob is damaged"));
  std::string data_longer = array(kDouble, {1, 2}, word(9) + word(1 << 30));
  EXPECT_THAT(error(with("dob", data_longer)), HasSubstr("wiki.dob is damaged"));
  std::string cell_longer = word(14) + word(1 << 20) + ascii("Ann").substr(8);
  EXPECT_THAT(error(with("name", cells({cell_longer, ascii("Bob")}))), HasSubstr("wiki.name{1} is damaged"));
  EXPECT_THAT(error(mat_bytes::structure("wiki", faces()).substr(0, 500)), HasSubstr("is cut short"));
}

TEST_F(MatReader, what_is_no_struct_of_numbers_texts_and_cells_is_refused_by_name) {
  EXPECT_THAT(error(with("dob", mat_bytes::structure("", faces()))), HasSubstr("wiki.dob is not an array of numbers"));
  EXPECT_THAT(error(with("name", cells({cells({ascii("Ann")}), ascii("Bob")}))),
              HasSubstr("wiki.name{1} holds something other than numbers and text"));
  EXPECT_THAT(error(with("dob", array(kDouble | 0x0800, {1, 2}, element(9, std::string(16, '\0'))))),
              HasSubstr("wiki.dob holds complex numbers"));
  EXPECT_THAT(error(array(kDouble, {1, 1}, element(9, std::string(8, '\0')), "wiki")),
              HasSubstr("wiki is not a 1×1 struct"));
  Fields twice = faces();
  twice.push_back(twice[0]);
  EXPECT_THAT(error(twice), HasSubstr("field wiki.dob appears twice"));
  std::string behind = mat_bytes::structure("wiki", faces());
  behind += std::string(8, '\0');
  behind[4] = static_cast<char>(behind[4] + 8);
  EXPECT_THAT(error(behind), HasSubstr("data after its last field"));
}

std::string compressed(const std::string& plain) {
  uLongf size = ::compressBound(plain.size());
  std::string packed(size, '\0');
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
             plain.size());
  packed.resize(size);
  return word(15) + word(static_cast<std::uint32_t>(size)) + packed;
}

TEST_F(MatReader, compressed_variables_end_where_they_say_with_the_right_checksum) {
  std::string plain = mat_bytes::structure("wiki", faces()), packed = compressed(plain);
  EXPECT_EQ(rows(packed)[1].person, "Bob");
  EXPECT_THAT(error(compressed(plain + std::string(8, '\0'))), HasSubstr("longer or shorter"));
  packed.back() = static_cast<char>(packed.back() ^ 1);
  EXPECT_THAT(error(packed), HasSubstr("cannot be unpacked"));
  std::string cut = compressed(plain.substr(0, plain.size() - 8));
  EXPECT_THAT(error(cut), HasSubstr("longer or shorter"));
  std::string huge = plain;
  huge[7] = 0x7F;
  EXPECT_THAT(error(compressed(huge)), HasSubstr("more than 512 MiB"));
}

TEST_F(MatReader, reads_what_matio_writes_in_every_class_of_numbers) {
  const std::vector<MatRow> written{{100, 20, "01/a.jpg", 1, "Ann", {1, 1, 5, 5}, 3, 4},
                                    {50, 30, "02/b.jpg", 0, "Bob", {2, 3, 4, 5}, 6, 0}};
  for (const char* number :
       {"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "single", "double"}) {
    SCOPED_TRACE(number);
    write_mat(file_, written, {.numbers_as = number});
    std::vector<CatalogRow> read = read_labels(file_).rows;
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].born, 100);
    EXPECT_EQ(read[1].born, 50);
    EXPECT_EQ(read[1].taken, 30);
    EXPECT_EQ(read[0].gender, Gender::male);
    EXPECT_EQ(read[1].face->left, 1);
    EXPECT_EQ(read[1].face->bottom, 5);
    EXPECT_EQ(read[0].second_face_score, 4);
  }
}

}  // namespace
}  // namespace agewise::catalog
