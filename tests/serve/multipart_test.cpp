#include "agewise/serve/multipart.h"

#include <gmock/gmock.h>

namespace agewise::serve {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=AaB03x";

std::vector<FormPart> parse(std::string_view body, std::string_view type = kType, std::size_t most = 10) {
  return parse_form(std::as_bytes(std::span(body)), type, most);
}

std::string text_of(const FormPart& part) {
  return {reinterpret_cast<const char*>(part.content.data()), part.content.size()};
}

// The example of RFC 7578's predecessor, RFC 2388 §3 and HTML 4.01 §17.13.4.
constexpr std::string_view kTwoFiles =
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"picture\"; filename=\"file1.jpg\"\r\n"
    "Content-Type: image/jpeg\r\n"
    "\r\n"
    "... contents of file1.jpg ...\r\n"
    "--AaB03x\r\n"
    "content-disposition: form-data; name=picture; filename=file2.png\r\n"
    "\r\n"
    "a\r\n--AaB03\r\nb\r\n"
    "--AaB03x--\r\n";

TEST(Multipart, finds_the_files_and_their_names) {
  std::vector<FormPart> parts = parse(kTwoFiles);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].file, "file1.jpg");
  EXPECT_EQ(text_of(parts[0]), "... contents of file1.jpg ...");
  EXPECT_EQ(parts[1].file, "file2.png");
  EXPECT_EQ(text_of(parts[1]), "a\r\n--AaB03\r\nb");
}

TEST(Multipart, reads_quoted_parameters_with_semicolons_and_escaped_quotes) {
  EXPECT_EQ(header_parameter("form-data; name=\"a;b=c\"; filename=\"x \\\"y\\\".jpg\"", "filename"), "x \"y\".jpg");
  EXPECT_EQ(header_parameter("multipart/form-data; charset=utf-8 ; BOUNDARY= \"a b\" ", "boundary"), "a b");
  EXPECT_EQ(header_parameter("multipart/form-data", "boundary"), "");
  EXPECT_EQ(header_parameter("x; a=\"never closed; boundary=b", "boundary"), "");
}

TEST(Multipart, takes_an_empty_file_and_a_form_without_files) {
  std::vector<FormPart> parts = parse("--AaB03x\r\nContent-Disposition: form-data; filename=a\r\n\r\n\r\n--AaB03x--");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].content.size(), 0U);
  EXPECT_TRUE(parse("--AaB03x--").empty());
}

std::string part(const std::string& headers, const std::string& content) {
  return "--AaB03x\r\n" + headers + "\r\n" + content + "\r\n";
}

// RFC 7578 §4.2: a file should have a name, so a part without one is a text field; but some clients' files have none.
TEST(Multipart, tells_text_fields_from_files) {
  std::string field = part("Content-Disposition: form-data; name=\"distribution\"\r\n", "true");
  std::string nameless = part("Content-Disposition: form-data; name=p\r\nContent-Type: image/jpeg\r\n", "JFIF");
  std::string form = field + nameless + "--AaB03x--";  // which the parts point into
  std::vector<FormPart> parts = parse(form);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_FALSE(parts[0].is_file);
  EXPECT_EQ(parts[0].field, "distribution");
  EXPECT_EQ(text_of(parts[0]), "true");
  EXPECT_TRUE(parts[1].is_file);
  EXPECT_EQ(parts[1].file, "");
  EXPECT_EQ(text_of(parts[1]), "JFIF");
}

// What browsers send for a file field that was left empty (HTML §4.10.21.4).
TEST(Multipart, leaves_out_files_that_were_not_chosen) {
  std::string empty = part(
      "Content-Disposition: form-data; name=\"p\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n", "");
  EXPECT_TRUE(parse(empty + "--AaB03x--").empty());
}

TEST(Multipart, refuses_parts_that_are_neither_files_nor_named_fields) {
  EXPECT_THROW(parse("--AaB03x\r\n\r\nx\r\n--AaB03x--"), BadForm);
  EXPECT_THROW(parse(part("Content-Disposition: form-data\r\n", "x") + "--AaB03x--"), BadForm);
}

// The second is RFC 8187's own example (§3.2.2), the first RFC 5987's of ISO-8859-1: £ rates, € and £ rates.
TEST(Multipart, reads_names_in_other_alphabets_before_plain_ones) {
  auto name = [](const std::string& text) { return extended_parameter("form-data; " + text, "filename"); };
  EXPECT_EQ(name("filename*=iso-8859-1'en'%A3%20rates"), "\u00a3 rates");
  EXPECT_EQ(name("filename=x; filename*=UTF-8''%c2%a3%20and%20%e2%82%ac%20rates"), "\u00a3 and \u20ac rates");
  EXPECT_EQ(name("filename=plain; filename*=utf-16''x"), "plain");
  EXPECT_EQ(name("filename=plain; filename*=UTF-8''%a"), "plain");
  EXPECT_EQ(name("filename=plain; filename*=UTF-8''%g0"), "plain");
  EXPECT_EQ(name("filename=plain; filename*=UTF-8"), "plain");
}

TEST(Multipart, refuses_a_body_cut_short_at_any_place) {
  std::size_t whole = kTwoFiles.size() - 2;  // the last new line may be missing
  for (std::size_t size = 0; size < whole; ++size) EXPECT_THROW(parse(kTwoFiles.substr(0, size)), BadForm) << size;
  EXPECT_EQ(parse(kTwoFiles.substr(0, whole)).size(), 2U);
}

TEST(Multipart, refuses_what_is_no_form) {
  EXPECT_THROW(parse(kTwoFiles, "multipart/form-data"), BadForm);
  EXPECT_THROW(parse(kTwoFiles, "multipart/form-data; boundary=other"), BadForm);
  EXPECT_THROW(parse(kTwoFiles, "multipart/form-data; boundary=" + std::string(71, 'x')), BadForm);
  EXPECT_THROW(parse("--AaB03x\r\nno colon\r\n\r\n\r\n--AaB03x--"), BadForm);
  EXPECT_THROW(
      parse("--AaB03x\r\nContent-Disposition: x; filename=" + std::string(9000, 'x') + "\r\n\r\n\r\n--AaB03x--"),
      BadForm);
}

TEST(Multipart, refuses_more_files_than_allowed) {
  EXPECT_EQ(parse(kTwoFiles, kType, 2).size(), 2U);
  EXPECT_THROW(parse(kTwoFiles, kType, 1), BadForm);
  std::string fields;
  for (int i = 0; i < 16; ++i) fields += part("Content-Disposition: form-data; name=a\r\n", "x");
  EXPECT_EQ(parse(fields + "--AaB03x--", kType, 1).size(), 16U);
  EXPECT_THROW(parse(fields + part("Content-Disposition: form-data; name=a\r\n", "x") + "--AaB03x--"), BadForm);
}

}  // namespace
}  // namespace agewise::serve
