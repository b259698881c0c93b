// Arrays in files beside a network: where they may lie, and what a hostile file asks for.
#include "agewise/weights/onnx_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx.pb.h"
#include "tests/error_of.h"

namespace agewise::weights {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void note(onnx::Tensor& tensor, const std::string& key, const std::string& value) {
  onnx::Note& note = *tensor.add_external_data();
  note.set_key(key);
  note.set_value(value);
}

// A picture of one channel times the two numbers of array "w", which lies at `location`: y = w · x.
class OnnxBesideFiles : public testing::Test {
 protected:
  OnnxBesideFiles() {
    std::filesystem::create_directories(folder_ / "network/below");
    write("network/w.bin", {9, 2, 3});
    write("network/below/w.bin", {9, 2, 3});
    write("outside.bin", {9, 2, 3});
  }
  ~OnnxBesideFiles() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::vector<float>& values) const {
    base::write_file(folder_ / name, std::as_bytes(std::span(values)));
  }

  using Notes = std::vector<std::pair<std::string, std::string>>;

  void write_network(const std::string& location, const Notes& notes, std::int64_t channels = 2) const {
    onnx::Model model;
    model.set_ir_version(8);
    model.add_opset_import()->set_version(18);
    onnx::Graph& graph = *model.mutable_graph();
    onnx::ValueInfo& input = *graph.add_input();
    input.set_name("x");
    for (std::int64_t length : {std::int64_t{1}, channels})
      input.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(length);
    graph.add_output()->set_name("y");
    onnx::Tensor& tensor = *graph.add_initializer();
    tensor.set_name("w");
    tensor.set_data_type(1);
    tensor.add_dims(channels);
    tensor.set_data_location(1);
    note(tensor, "location", location);
    for (const auto& [key, value] : notes) note(tensor, key, value);
    onnx::Node& node = *graph.add_node();
    node.set_op_type("Mul");
    node.add_input("x");
    node.add_input("w");
    node.add_output("y");
    base::write_file(folder_ / "network/a.onnx", std::string_view(model.SerializeAsString()));
  }

  OnnxNetwork read() const { return read_onnx(folder_ / "network/a.onnx"); }

  // What is said of the network with its array there.
  std::string refusal(const std::string& location, const Notes& notes = {{"offset", "4"}, {"length", "8"}},
                      std::int64_t channels = 2) const {
    write_network(location, notes, channels);
    return error_of([&] { read(); });
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("onnx_folder" + std::to_string(::getpid()));
};

TEST_F(OnnxBesideFiles, are_read_from_the_networks_own_folder_and_folders_in_it) {
  for (const char* location : {"w.bin", "./w.bin", "below/w.bin", "below/../w.bin"}) {
    write_network(location, {{"offset", "4"}, {"length", "8"}, {"checksum", "not looked at"}});
    EXPECT_THAT(read().parameters, ElementsAre(2, 3, 0, 0)) << location;  // a scale's weights, then its biases
  }
  write("network/two.bin", {4, 5});
  write_network("two.bin", {});
  EXPECT_THAT(read().parameters, ElementsAre(4, 5, 0, 0));
}

TEST_F(OnnxBesideFiles, are_read_through_links_that_stay_in_the_folder) {
  std::filesystem::create_symlink("below/w.bin", folder_ / "network/link.bin");
  write_network("link.bin", {{"offset", "4"}, {"length", "8"}});
  EXPECT_THAT(read().parameters, ElementsAre(2, 3, 0, 0));
  std::filesystem::create_directory_symlink(folder_ / "network", folder_ / "elsewhere");
  EXPECT_THAT(read_onnx(folder_ / "elsewhere/a.onnx").parameters, ElementsAre(2, 3, 0, 0));
}

TEST_F(OnnxBesideFiles, are_never_read_from_outside_the_folder) {
  const char* outside = "is not a file in the network's folder";
  EXPECT_THAT(refusal("../outside.bin"), HasSubstr(outside));
  EXPECT_THAT(refusal("below/../../outside.bin"), HasSubstr(outside));
  EXPECT_THAT(refusal(folder_ / "network/w.bin"), HasSubstr("is not a file name in the network's folder"));
  EXPECT_THAT(refusal("/etc/passwd"), HasSubstr("is not a file name in the network's folder"));
  std::filesystem::create_symlink("../outside.bin", folder_ / "network/link.bin");
  EXPECT_THAT(refusal("link.bin"), HasSubstr(outside));
  std::filesystem::create_symlink(folder_ / "outside.bin", folder_ / "network/second.bin");
  EXPECT_THAT(refusal("second.bin"), HasSubstr(outside));
  std::filesystem::create_directory_symlink("..", folder_ / "network/up");
  EXPECT_THAT(refusal("up/outside.bin"), HasSubstr(outside));
}

// Neither is waited for nor read without end.
TEST_F(OnnxBesideFiles, are_regular_files) {
  ASSERT_EQ(::mkfifo((folder_ / "network/pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", folder_ / "network/zero");
  std::filesystem::create_symlink("loop", folder_ / "network/loop");
  for (const char* location : {"pipe", "zero", "below", "."})
    EXPECT_THAT(refusal(location), HasSubstr("is not a file in the network's folder")) << location;
  EXPECT_THAT(refusal("loop"), HasSubstr("which is missing"));
}

TEST_F(OnnxBesideFiles, that_are_missing_or_have_no_name_are_said) {
  EXPECT_THAT(refusal("none.bin"),
              AllOf(HasSubstr("a.onnx: "), HasSubstr("array \"w\": its values are in the file "), HasSubstr("none.bin"),
                    HasSubstr("which is missing from the network's folder")));
  EXPECT_THAT(refusal(""), HasSubstr("is not a file name in the network's folder"));
  EXPECT_THAT(refusal(std::string("w.bin\0x", 7)), HasSubstr("is not a file name in the network's folder"));
  EXPECT_THAT(refusal(std::string(5000, 'a')), HasSubstr("which is missing"));
  EXPECT_LT(refusal(std::string(5000, 'a')).size(), 1000U);
}

TEST_F(OnnxBesideFiles, are_read_within_their_length_only) {
  const char* cut = "is cut short: it has 12 bytes";
  EXPECT_THAT(refusal("w.bin", {{"offset", "8"}, {"length", "8"}}), HasSubstr(cut));
  EXPECT_THAT(refusal("w.bin", {{"offset", "12"}}), HasSubstr(cut));
  EXPECT_THAT(refusal("w.bin", {{"offset", "18446744073709551615"}}), HasSubstr(cut));
  EXPECT_THAT(refusal("w.bin", {{"offset", "18446744073709551608"}, {"length", "8"}}), HasSubstr(cut));
  EXPECT_THAT(refusal("w.bin", {{"offset", "4"}, {"length", "12"}}), HasSubstr("its shape needs 8 bytes"));
  EXPECT_THAT(refusal("w.bin", {{"length", "0"}}), HasSubstr("its shape needs 8 bytes"));
}

TEST_F(OnnxBesideFiles, have_places_that_are_numbers) {
  for (const char* offset : {"-4", "0x4", "4 ", " 4", "4.0", "four", "18446744073709551616"})
    EXPECT_THAT(refusal("w.bin", {{"offset", offset}}), HasSubstr("its external_data entry offset is not a number"))
        << offset;
  EXPECT_THAT(refusal("w.bin", {{"length", "8 bytes"}}), HasSubstr("its external_data entry length is not a number"));
}

// A shape is compared with what is there before anything of its size is made.
TEST_F(OnnxBesideFiles, make_no_much_of_little) {
  EXPECT_THAT(refusal("w.bin", {}, std::int64_t{1} << 20), HasSubstr("is cut short: it has 12 bytes"));
  onnx::Tensor tensor;
  tensor.set_data_location(1);
  note(tensor, "location", "w.bin");
  OnnxFolder folder(folder_ / "network");
  for (std::uint64_t size : {std::uint64_t{13}, std::uint64_t{1} << 40, ~std::uint64_t{0}})
    EXPECT_THAT(error_of([&] { folder.bytes_of(tensor, size); }), HasSubstr("is cut short: it has 12 bytes")) << size;
  EXPECT_EQ(folder.bytes_of(tensor, 12).size(), 12U);
}

TEST_F(OnnxBesideFiles, are_at_most_a_thousand) {
  OnnxFolder folder(folder_ / "network");
  for (int i = 0; i <= 1000; ++i) {
    std::string name = "file" + std::to_string(i);
    write("network/" + name, {1});
    onnx::Tensor tensor;
    tensor.set_data_location(1);
    note(tensor, "location", name);
    std::string refused = error_of([&] { folder.bytes_of(tensor, 4); });
    EXPECT_EQ(refused, i < 1000 ? "no error" : "its values are in more than 1000 files");
  }
}

}  // namespace
}  // namespace agewise::weights
