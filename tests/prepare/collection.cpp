#include "tests/prepare/collection.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/image/encode.h"

namespace agewise::prepare {

std::vector<std::byte> numbered_jpeg(int number, int width, int height) {
  image::Image image = image::make_image(width, height, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>((i / 24 + static_cast<std::size_t>(number) * 37) % 251);
  return image::encode_jpeg(image, 90);
}

void write_tar(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, std::vector<std::byte>>>& members, bool gzip) {
  archive* tar = archive_write_new();
  if (gzip) archive_write_add_filter_gzip(tar);
  archive_write_set_format_pax_restricted(tar);
  if (archive_write_open_filename(tar, file.c_str()) != ARCHIVE_OK)
    throw std::runtime_error("cannot write " + file.string());
  archive_entry* entry = archive_entry_new();
  for (const auto& [name, content] : members) {
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(tar, entry);
    archive_write_data(tar, content.data(), content.size());
  }
  archive_entry_free(entry);
  archive_write_close(tar);
  archive_write_free(tar);
}

std::string digest(const store::Store& store) {
  std::string all = recipe::to_toml(store.metadata().recipe) + store.metadata().labels +
                    (store.metadata().complete ? "complete" : "");
  for (const store::FaceRecord& face : store.faces()) {
    all += fmt::format("{} {} {} {} {} {} {}x{}\n", face.row, face.file, face.source, face.age,
                       static_cast<int>(face.gender), static_cast<int>(face.split), face.picture.width,
                       face.picture.height);
    image::Image picture = store.picture(face.row);
    all.append(picture.pixels.begin(), picture.pixels.end());
  }
  for (const store::RejectRecord& reject : store.rejects())
    all += fmt::format("{} {} {} {}\n", reject.row, reject.file, static_cast<int>(reject.reason), reject.detail);
  return base::content_hash(std::as_bytes(std::span(all)));
}

void Collection::write_labels(int rows, const std::string& extra) {
  std::string csv = "file,age\n";
  for (int i = 0; i < rows; ++i) csv += fmt::format("{:02}/face_{}.jpg,{}\n", i % 100, i, i % 90 + 1);
  base::write_file(folder_ / "labels.csv", csv + extra);
}

void Collection::write_thirty_and_faults() {
  write_labels(30, "99/missing.jpg,30\n98/old.jpg,140\n");
  auto pictures = members(30);
  pictures.emplace_back("nobody.jpg", numbered_jpeg(77));
  write_tar(folder_ / "p.tar", pictures);
}

void Collection::write_folder(const std::vector<std::pair<std::string, std::vector<std::byte>>>& members) const {
  for (const auto& [name, content] : members) {
    std::filesystem::path file = folder_ / "pictures" / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }
}

std::vector<std::pair<std::string, std::vector<std::byte>>> Collection::members(int rows) const {
  std::vector<std::pair<std::string, std::vector<std::byte>>> all;
  for (int i = 0; i < rows; ++i)
    all.emplace_back(fmt::format("wiki_crop/{:02}/face_{}.jpg", i % 100, i), numbered_jpeg(i));
  return all;
}

}  // namespace agewise::prepare
