#include "agewise/face/read_many.h"

#include <utility>

#include "agewise/base/error.h"

namespace agewise::face {
namespace {

ReadPicture read(const PictureSourceFile& file, FaceReader& reader, const ReadManyOptions& options) {
  ReadPicture picture;
  picture.name = file.name;
  picture.below = file.below;
  std::vector<std::byte> bytes;
  try {
    bytes = file.content();
  } catch (const base::Error& error) {
    picture.problem = error.what();
    picture.missing = true;
    return picture;
  }
  picture.faces = reader.read(bytes, options.wanted);
  if (!picture.faces.problem.empty()) {
    picture.problem = base::file_error(file.name, picture.faces.problem).what();
  } else if (options.keep_bytes) {
    picture.bytes = std::move(bytes);
  }
  return picture;
}

}  // namespace

ManyReader::ManyReader(std::span<FaceReader> readers, NextFile next, const ReadManyOptions& options)
    : next_(std::move(next)), options_(options) {
  for (FaceReader& reader : readers) threads_.emplace_back([this, &reader] { work(reader); });
}

ManyReader::~ManyReader() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    room_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ManyReader::work(FaceReader& reader) {
  try {
    while (auto begun = begin()) finish(begun->second, read(begun->first, reader, options_));
  } catch (...) {
    std::lock_guard lock(mutex_);
    if (!problem_) problem_ = std::current_exception();
    ended_ = true;
    room_.notify_all();
    arrived_.notify_all();
  }
}

std::optional<std::pair<PictureSourceFile, std::size_t>> ManyReader::begin() {
  std::lock_guard turn(order_);
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return ended_ || has_room(); });
    if (ended_) return std::nullopt;
  }
  std::optional<PictureSourceFile> file = next_();
  std::lock_guard lock(mutex_);
  if (!file) {
    ended_ = true;
    room_.notify_all();
    arrived_.notify_all();
    return std::nullopt;
  }
  ++held_;
  places_.emplace_back();
  return std::pair(std::move(*file), first_ + places_.size() - 1);
}

bool ManyReader::has_room() const { return held_ < options_.most_pictures && faces_ < options_.most_faces; }

void ManyReader::finish(std::size_t place, ReadPicture picture) {
  std::lock_guard lock(mutex_);
  faces_ += picture.faces.cuts.size();
  places_[place - first_] = std::move(picture);
  arrived_.notify_all();
}

std::optional<ReadPicture> ManyReader::take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return problem_ || (places_.empty() ? ended_ : places_.front().has_value()); });
  if (problem_) std::rethrow_exception(problem_);
  if (places_.empty()) return std::nullopt;
  ReadPicture picture = std::move(*places_.front());
  places_.pop_front();
  ++first_;
  return picture;
}

void ManyReader::release(std::size_t faces) {
  std::lock_guard lock(mutex_);
  --held_;
  faces_ -= faces;
  room_.notify_all();
}

bool ManyReader::is_full() const {
  std::lock_guard lock(mutex_);
  return places_.empty() && !has_room();
}

}  // namespace agewise::face
