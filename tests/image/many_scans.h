// A progressive JPEG of many scans, each a few bytes long, that says the same of a black picture again and again.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace agewise::image {

// ITU-T T.81: annex B has the markers, G.1.2 the coding: one bit a block in the first scan (a difference of category
// 0), runs of blocks without coefficients (EOBn, the code n of four bits and n bits more) in all others.
class ManyScans {
 public:
  static std::vector<std::byte> file(int width, int height, int scans) {
    ManyScans made;
    made.put({0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0});
    for (int i = 0; i < 64; ++i) made.put({1});
    made.put({0xFF, 0xC2, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0});
    made.put({0xFF, 0xC4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    made.put({0xFF, 0xC4, 0, 34, 0x10, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    for (int n = 0; n < 15; ++n) made.put({n << 4});
    int blocks = (width + 7) / 8 * ((height + 7) / 8);
    made.put({0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 0, 0});
    for (int i = 0; i < blocks; ++i) made.bits(0, 1);
    made.end_of_scan();
    for (int i = 1; i < scans; ++i) made.empty_scan(blocks);
    made.put({0xFF, 0xD9});
    return made.bytes_;
  }

 private:
  void put(std::initializer_list<int> bytes) {
    for (int byte : bytes) bytes_.push_back(static_cast<std::byte>(byte));
  }
  void bits(unsigned value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      current_ = current_ << 1 | (value >> i & 1);
      if (++filled_ < 8) continue;
      put({static_cast<int>(current_ & 255)});
      if ((current_ & 255) == 255) put({0});
      filled_ = 0;
    }
  }
  void end_of_scan() {
    while (filled_ > 0) bits(1, 1);
  }
  void empty_scan(int blocks) {
    put({0xFF, 0xDA, 0, 8, 1, 1, 0x00, 1, 63, 0});
    while (blocks > 0) {
      auto run = static_cast<unsigned>(blocks < 32767 ? blocks : 32767);
      int n = static_cast<int>(std::bit_width(run)) - 1;
      bits(static_cast<unsigned>(n), 4);
      bits(run - (1U << n), n);
      blocks -= static_cast<int>(run);
    }
    end_of_scan();
  }

  std::vector<std::byte> bytes_;
  std::uint32_t current_ = 0;
  int filled_ = 0;
};

}  // namespace agewise::image
