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

// What browsers send for a text field, and for a file field that was left empty (RFC 7578 §4.2, HTML §4.10.21.8).
TEST(Multipart, refuses_parts_that_are_no_files) {
  EXPECT_THROW(parse("--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--AaB03x--"), BadForm);
  EXPECT_THROW(parse("--AaB03x\r\nContent-Disposition: form-data; filename=\"\"\r\n\r\n\r\n--AaB03x--"), BadForm);
  EXPECT_THROW(parse("--AaB03x\r\n\r\nx\r\n--AaB03x--"), BadForm);
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
}

}  // namespace
}  // namespace agewise::serve
