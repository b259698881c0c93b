#include "agewise/face/read_many.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>

#include "agewise/base/error.h"
#include "agewise/image/encode.h"

namespace agewise::face {
namespace {

using testing::HasSubstr;

// A ready crop whose mean tells which it is.
std::vector<std::byte> grey_file(std::size_t grey) {
  image::Image image = image::make_image(8, 8, 1);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
  return image::encode_png(image);
}

// `count` pictures, of which every third is slow to come, so that the later ones are read first.
NextFile numbered_files(std::size_t count, std::atomic<std::size_t>& begun) {
  return [count, &begun]() -> std::optional<PictureSourceFile> {
    if (begun == count) return std::nullopt;
    std::size_t i = begun++;
    return PictureSourceFile{std::to_string(i), "", [i] {
                               if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                               return grey_file(i);
                             }};
  };
}

std::vector<FaceReader> readers(std::size_t count) {
  std::vector<FaceReader> readers;
  for (std::size_t i = 0; i < count; ++i) readers.emplace_back(recipe::FaceRecipe{.size = 8}, PixelLimit{});
  return readers;
}

TEST(ManyReader, hands_pictures_on_in_the_order_of_their_names_whoever_is_first) {
  std::atomic<std::size_t> begun{0};
  std::vector<FaceReader> three = readers(3);
  ManyReader reader(three, numbered_files(40, begun), {});
  for (std::size_t i = 0; i < 40; ++i) {
    std::optional<ReadPicture> picture = reader.take();
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->name, std::to_string(i));
    EXPECT_EQ(picture->faces.cuts.at(0).image.pixels.at(0), i);
    EXPECT_TRUE(picture->bytes.empty());
    reader.release(1);
  }
  EXPECT_FALSE(reader.take());
}

TEST(ManyReader, begins_no_more_pictures_and_faces_than_it_is_told_to_hold) {
  std::atomic<std::size_t> begun{0};
  std::vector<FaceReader> two = readers(2);
  {
    ManyReader reader(two, numbered_files(40, begun), {.most_pictures = 5});
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(reader.is_full());
      reader.take();
    }
    EXPECT_TRUE(reader.is_full());
    EXPECT_EQ(begun, 5U);
    reader.release(1);
    EXPECT_FALSE(reader.is_full());
    EXPECT_TRUE(reader.take());
  }
  EXPECT_EQ(begun, 6U);
  begun = 0;
  ManyReader reader(two, numbered_files(40, begun), {.most_faces = 4});
  for (int i = 0; i < 4; ++i) reader.take();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(begun, 5U);  // the other thread had begun one when the fourth face came
}

// As one picture of a crowd does.
TEST(ManyReader, is_full_when_the_faces_that_were_taken_leave_no_room_for_another_picture) {
  std::atomic<std::size_t> begun{0};
  std::vector<FaceReader> one = readers(1);
  ManyReader reader(one, numbered_files(3, begun), {.most_faces = 1});
  reader.take();
  EXPECT_TRUE(reader.is_full());
  reader.release(1);
  EXPECT_TRUE(reader.take());
}

TEST(ManyReader, tells_a_file_that_is_missing_from_one_that_is_no_picture_and_keeps_bytes_when_asked) {
  std::size_t at = 0;
  std::vector<PictureSourceFile> files{
      {"absent", "", []() -> std::vector<std::byte> { throw base::Error("absent: cannot open"); }},
      {"text", "", [] { return std::vector<std::byte>(9, std::byte{'a'}); }},
      {"good", "below/good", [] { return grey_file(7); }}};
  std::vector<FaceReader> one = readers(1);
  ManyReader reader(one, [&] { return at == files.size() ? std::nullopt : std::optional(files[at++]); },
                    {.keep_bytes = true});
  ReadPicture absent = *reader.take(), text = *reader.take(), good = *reader.take();
  EXPECT_TRUE(absent.missing);
  EXPECT_EQ(absent.problem, "absent: cannot open");
  EXPECT_FALSE(text.missing);
  EXPECT_THAT(text.problem, HasSubstr("text: "));
  EXPECT_EQ(good.problem, "");
  EXPECT_EQ(good.bytes, grey_file(7));
  EXPECT_EQ(good.below, "below/good");
}

TEST(ManyReader, throws_what_a_thread_threw_and_waits_for_the_others) {
  std::vector<FaceReader> two = readers(2);
  ManyReader reader(two, []() -> std::optional<PictureSourceFile> { throw std::runtime_error("broken"); }, {});
  EXPECT_THROW(reader.take(), std::runtime_error);
}

}  // namespace
}  // namespace agewise::face
