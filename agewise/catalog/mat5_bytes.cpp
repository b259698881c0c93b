#include "agewise/catalog/mat5_bytes.h"

#include <algorithm>
#include <new>
#include <utility>

#include "agewise/base/error.h"

namespace agewise::catalog::mat5 {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

}  // namespace

void VariableBytes::EndInflating::operator()(z_stream* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

VariableBytes::VariableBytes(std::filesystem::path file, const Element& element, Bytes with_tag)
    : file_(std::move(file)) {
  if (element.type != kCompressed) {
    ready_ = with_tag;
    return;
  }
  auto stream = std::make_unique<z_stream>();
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(element.data.data()));  // zlib only reads it
  stream->avail_in = static_cast<uInt>(element.data.size());
  if (::inflateInit(stream.get()) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
  ended_ = false;
  buffer_.resize(kPiece);
}

// The buffer grows only with what has arrived, never with what a length in the file promises.
bool VariableBytes::inflate_more() {
  if (ended_) return false;
  std::copy(ready_.begin(), ready_.end(), buffer_.begin());
  std::size_t kept = ready_.size();
  if (kept == buffer_.size()) buffer_.resize(2 * kept);
  stream_->next_out = reinterpret_cast<Bytef*>(buffer_.data() + kept);
  stream_->avail_out = static_cast<uInt>(buffer_.size() - kept);
  int state = ::inflate(stream_.get(), Z_NO_FLUSH);
  ended_ = state != Z_OK;
  sound_ = state == Z_OK || state == Z_STREAM_END;
  ready_ = Bytes(buffer_).first(buffer_.size() - stream_->avail_out);
  return !ended_ || ready_.size() > kept;
}

Bytes VariableBytes::peek(std::size_t most) {
  while (ready_.size() < most && inflate_more()) continue;
  return ready_.first(std::min(most, ready_.size()));
}

Bytes VariableBytes::take(std::size_t size) {
  Bytes taken = peek(size);
  if (taken.size() < size) fail_as_damaged();
  ready_ = ready_.subspan(size);
  taken_ += size;
  return taken;
}

void VariableBytes::finish() {
  if (!peek(1).empty() || !ended_ || !sound_) fail_as_damaged();
}

void VariableBytes::fail_as_damaged() const {
  if (stream_ && !sound_)
    throw base::file_error(file_, "is damaged or cut short: its compressed data cannot be unpacked");
  throw base::file_error(file_, "is damaged: a variable is longer or shorter than its header says");
}

}  // namespace agewise::catalog::mat5
