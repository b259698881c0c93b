// Many pictures read at once, and handed on one after the other in the order in which they are named.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agewise/face/reader.h"

namespace agewise::face {

struct PictureSourceFile {
  std::string name;                                 // as it is to be told
  std::filesystem::path below;                      // where it lies in its folder or archive; is only handed through
  std::function<std::vector<std::byte>()> content;  // its bytes; called once, from any thread; throws base::Error
};

// The next file; nothing at the end. Called by one thread at a time.
using NextFile = std::function<std::optional<PictureSourceFile>()>;

struct ReadPicture {
  std::string name;
  std::filesystem::path below;
  std::vector<std::byte> bytes;  // where they are to be kept, and the picture could be read
  PictureFaces faces;
  std::string problem;   // why there is no picture, as one sentence that names it; empty: there is one
  bool missing = false;  // because its file could not be read at all, rather than for what is in it
};

struct ReadManyOptions {
  Wanted wanted = Everyone{};
  bool keep_bytes = false;
  std::size_t most_pictures = 64;  // begun, and not given back by release()
  std::size_t most_faces = 256;    // the same, roughly: no picture is begun while so many faces wait
};

// A thread for each reader. What they hold together is bounded by the options, whatever the number of pictures.
class ManyReader {
 public:
  // The readers must outlive this. Of several ManyReaders each needs its own.
  ManyReader(std::span<FaceReader> readers, NextFile next, const ReadManyOptions& options);
  // Waits for the pictures that are being read, and begins none.
  ~ManyReader();
  ManyReader(const ManyReader&) = delete;
  ManyReader& operator=(const ManyReader&) = delete;

  // The next picture in order, as soon as it is read; nothing after the last one. Throws what a thread threw. The same
  // thread as release().
  std::optional<ReadPicture> take();
  // A picture that was taken, and of so many faces, is done with: another may be begun.
  void release(std::size_t faces);
  // Whether so much has been taken and not released that take() would wait for ever.
  bool is_full() const;

 private:
  void work(FaceReader& reader);
  // Waits for room; the file and its place in the order, or nothing at the end.
  std::optional<std::pair<PictureSourceFile, std::size_t>> begin();
  void finish(std::size_t place, ReadPicture picture);
  bool has_room() const;  // under mutex_

  NextFile next_;
  ReadManyOptions options_;
  std::mutex order_;  // one thread at a time takes the next file, and its place with it
  mutable std::mutex mutex_;
  std::condition_variable room_, arrived_;
  std::deque<std::optional<ReadPicture>> places_;  // begun and not taken, in order
  std::size_t first_ = 0;                          // what place the first of them has in the order
  std::size_t held_ = 0;                           // pictures begun and not released
  std::size_t faces_ = 0;                          // of pictures that are read and not released
  bool ended_ = false;
  std::exception_ptr problem_;
  std::vector<std::thread> threads_;
};

}  // namespace agewise::face
