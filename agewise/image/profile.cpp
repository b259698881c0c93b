#include "agewise/image/profile.h"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace agewise::image {
namespace {

constexpr std::size_t kLargestProfile = std::size_t{4} << 20;  // bytes; those of printing presses have half a megabyte
constexpr std::size_t kProfilesKept = 8;                       // a thread
constexpr int kRounding = 2;                                   // levels of 255 by which writers of sRGB profiles differ

struct FreeLcms {
  using pointer = void*;  // both of Little CMS's handles are
};
struct CloseProfile : FreeLcms {
  void operator()(cmsHPROFILE profile) const { cmsCloseProfile(profile); }
};
struct DeleteTransform : FreeLcms {
  void operator()(cmsHTRANSFORM transform) const { cmsDeleteTransform(transform); }
};
using Profile = std::unique_ptr<void, CloseProfile>;
using Transform = std::unique_ptr<void, DeleteTransform>;

class Lcms : public SrgbTransform {
 public:
  explicit Lcms(Transform transform) : transform_(std::move(transform)) {}
  void apply(const std::uint8_t* from, std::uint8_t* to, std::size_t count) const override {
    constexpr std::size_t kAtOnce = std::size_t{1} << 20;  // its counter has 32 bits
    for (std::size_t done = 0; done < count; done += kAtOnce) {
      auto now = static_cast<cmsUInt32Number>(std::min(kAtOnce, count - done));
      cmsDoTransform(transform_.get(), from + done * T_CHANNELS(cmsGetTransformInputFormat(transform_.get())),
                     to + done * 3, now);
    }
  }

 private:
  Transform transform_;
};

// Grey has but 256 values.
class Table : public SrgbTransform {
 public:
  explicit Table(const std::array<std::uint8_t, 256>& values) : values_(values) {}
  void apply(const std::uint8_t* from, std::uint8_t* to, std::size_t count) const override {
    std::transform(from, from + count, to, [this](std::uint8_t value) { return values_[value]; });
  }

 private:
  std::array<std::uint8_t, 256> values_;
};

struct Space {
  cmsColorSpaceSignature signature;
  cmsUInt32Number format;
};

Space space_of(int channels) {
  switch (channels) {
    case 1:
      return {cmsSigGrayData, TYPE_GRAY_8};
    case 3:
      return {cmsSigRgbData, TYPE_RGB_8};
    default:
      return {cmsSigCmykData, TYPE_CMYK_8_REV};
  }
}

// Null if the profile is broken or is not one for so many channels.
Transform to_srgb(Bytes bytes, int channels) {
  if (bytes.empty() || bytes.size() > kLargestProfile) return nullptr;
  Profile profile(cmsOpenProfileFromMem(bytes.data(), static_cast<cmsUInt32Number>(bytes.size())));
  Space space = space_of(channels);
  if (!profile || cmsGetColorSpace(profile.get()) != space.signature) return nullptr;
  Profile srgb(cmsCreate_sRGBProfile());
  return Transform(
      cmsCreateTransform(profile.get(), space.format, srgb.get(), TYPE_RGB_8, INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE));
}

// By colours from all over the cube.
bool changes_nothing(const Transform& transform) {
  std::vector<std::uint8_t> before;
  for (int r = 0; r < 256; r += 15)
    for (int g = 0; g < 256; g += 15)
      for (int b = 0; b < 256; b += 15)
        for (int value : {r, g, b}) before.push_back(static_cast<std::uint8_t>(value));
  std::vector<std::uint8_t> after(before.size());
  cmsDoTransform(transform.get(), before.data(), after.data(), static_cast<cmsUInt32Number>(before.size() / 3));
  return std::equal(before.begin(), before.end(), after.begin(),
                    [](int a, int b) { return std::abs(a - b) <= kRounding; });
}

std::unique_ptr<SrgbTransform> grey_table(const Transform& transform) {
  std::array<std::uint8_t, 256> before{}, table{};
  std::iota(before.begin(), before.end(), std::uint8_t{0});
  std::array<std::uint8_t, 768> rgb{};
  cmsDoTransform(transform.get(), before.data(), rgb.data(), 256);
  bool same = true;
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = rgb[3 * i];
    same = same && std::abs(table[i] - static_cast<int>(i)) <= kRounding;
  }
  return same ? nullptr : std::make_unique<Table>(table);
}

std::unique_ptr<SrgbTransform> make_transform(Bytes profile, int channels) {
  Transform transform = to_srgb(profile, channels);
  if (!transform) return nullptr;
  if (channels == 1) return grey_table(transform);
  if (channels == 3 && changes_nothing(transform)) return nullptr;
  return std::make_unique<Lcms>(std::move(transform));
}

struct Kept {
  std::vector<std::byte> profile;
  int channels;
  std::unique_ptr<SrgbTransform> transform;  // null: nothing to be done
};

}  // namespace

const SrgbTransform* srgb_transform(Bytes profile, int channels) {
  if (profile.empty() || profile.size() > kLargestProfile) return nullptr;
  thread_local std::vector<Kept> kept;  // the last used one last
  auto known = std::find_if(kept.begin(), kept.end(), [&](const Kept& one) {
    return one.channels == channels &&
           std::equal(one.profile.begin(), one.profile.end(), profile.begin(), profile.end());
  });
  if (known != kept.end()) {
    std::rotate(known, known + 1, kept.end());
  } else {
    if (kept.size() == kProfilesKept) kept.erase(kept.begin());
    kept.push_back({{profile.begin(), profile.end()}, channels, make_transform(profile, channels)});
  }
  return kept.back().transform.get();
}

Image in_srgb(Image image, Bytes profile) {
  const SrgbTransform* transform = srgb_transform(profile, image.channels);
  if (transform != nullptr)
    transform->apply(image.pixels.data(), image.pixels.data(),
                     static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height));
  return image;
}

}  // namespace agewise::image
