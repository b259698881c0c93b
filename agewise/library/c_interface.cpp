// agewise_c.h over agewise.h.
#include <array>
#include <cmath>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "agewise/agewise.h"
#include "agewise/agewise_c.h"

struct agewise_options {
  agewise::Options options;
  bool failed = false;  // a text found no memory
};
struct agewise_estimator {
  agewise::AgeEstimator estimator;
};
// The structs point into `pictures`.
struct agewise_pictures {
  std::vector<agewise::Picture> pictures;
  std::vector<std::vector<agewise_face>> faces;
};

namespace {

thread_local std::string last_error;

// What `work` makes; NULL, and last_error, for what it throws.
template <class Work>
auto made(const Work& work) noexcept -> decltype(work().release()) {
  try {
    return work().release();
  } catch (const std::exception& error) {
    try {
      last_error = error.what();
    } catch (...) {
      last_error.clear();
    }
    return nullptr;
  }
}

double number(const std::optional<double>& value) { return value.value_or(NAN); }

agewise_face face_of(const agewise::Face& face) {
  agewise_face out{};
  auto [left, top, right, bottom] = face.box.value_or(agewise::Box{NAN, NAN, NAN, NAN});
  out.left = left;
  out.top = top;
  out.right = right;
  out.bottom = bottom;
  out.angle = face.angle;
  out.score = face.score;
  out.replicated = face.replicated;
  for (std::size_t i = 0; i < std::size(out.points); ++i)
    out.points[i] = face.points ? agewise_point{(*face.points)[i].x, (*face.points)[i].y} : agewise_point{NAN, NAN};
  out.age = number(face.age);
  auto [low, high, coverage] = face.interval.value_or(agewise::Interval{NAN, NAN, NAN});
  out.low = low;
  out.high = high;
  out.coverage = coverage;
  out.spread = number(face.spread);
  out.male = number(face.male);
  out.age_class = face.age_class.c_str();
  out.reason = face.reason.c_str();
  out.distribution = face.distribution.empty() ? nullptr : face.distribution.data();
  out.classes = face.distribution.size();
  out.at_least = face.at_least ? face.at_least->probability : NAN;
  return out;
}

std::unique_ptr<agewise_pictures> answer(std::vector<agewise::Picture> pictures) {
  auto out = std::make_unique<agewise_pictures>();
  out->pictures = std::move(pictures);
  for (const agewise::Picture& picture : out->pictures) {
    out->faces.emplace_back();
    for (const agewise::Face& face : picture.faces) out->faces.back().push_back(face_of(face));
  }
  return out;
}

const agewise::AgeEstimator& checked(const agewise_estimator* estimator) {
  if (estimator == nullptr) throw agewise::Error("the estimator is NULL: agewise_open() failed, or was not called");
  return estimator->estimator;
}

template <class Item>
std::span<const Item> checked(const Item* items, std::size_t count) {
  if (items == nullptr && count > 0) throw agewise::Error("a list of pictures is NULL");
  return {items, count};
}

std::span<const std::byte> bytes_of(const void* data, std::size_t size) {
  if (data == nullptr) throw agewise::Error("a picture is NULL");
  return {static_cast<const std::byte*>(data), size};
}

agewise::ImageView view_of(const agewise_image& image) {
  return {image.data, image.width, image.height, image.stride, static_cast<agewise::PixelFormat>(image.format)};
}

const agewise::Picture* picture_at(const agewise_pictures* pictures, std::size_t picture) {
  return pictures != nullptr && picture < pictures->pictures.size() ? &pictures->pictures[picture] : nullptr;
}

void copy(const char* text, std::string agewise::Options::*to, agewise_options* options) noexcept {
  try {
    options->options.*to = text != nullptr ? text : "";
  } catch (const std::exception&) {
    options->failed = true;
  }
}

}  // namespace

const char* agewise_version(void) { return agewise::version(); }
const char* agewise_error(void) { return last_error.c_str(); }

agewise_options* agewise_options_new(void) {
  return made([] { return std::make_unique<agewise_options>(); });
}
void agewise_options_free(agewise_options* options) { delete options; }
void agewise_set_model(agewise_options* options, const char* model) { copy(model, &agewise::Options::model, options); }
void agewise_set_detector(agewise_options* options, const char* name_or_file) {
  copy(name_or_file, &agewise::Options::detector, options);
}
void agewise_set_threads(agewise_options* options, int threads) { options->options.threads = threads; }
void agewise_set_ready_crops(agewise_options* options, int on) { options->options.ready_crops = on != 0; }
void agewise_set_detect(agewise_options* options, int on) { options->options.detect = on != 0; }
void agewise_set_small_faces(agewise_options* options, int on) { options->options.small_faces = on != 0; }
void agewise_set_distribution(agewise_options* options, int on) { options->options.distribution = on != 0; }
void agewise_set_at_least(agewise_options* options, int years) { options->options.at_least = years; }
void agewise_set_standard_kernels(agewise_options* options, int on) {
  options->options.kernels = on != 0 ? agewise::Kernels::standard : agewise::Kernels::fastest;
}

agewise_estimator* agewise_open(const agewise_options* options) {
  return made([&] {
    if (options != nullptr && options->failed) throw std::bad_alloc();
    return std::make_unique<agewise_estimator>(
        agewise_estimator{agewise::AgeEstimator::open(options != nullptr ? options->options : agewise::Options{})});
  });
}
void agewise_close(agewise_estimator* estimator) { delete estimator; }

agewise_pictures* agewise_estimate_file(const agewise_estimator* estimator, const void* data, size_t size) {
  return made([&] { return answer({checked(estimator).estimate(bytes_of(data, size))}); });
}

agewise_pictures* agewise_estimate_image(const agewise_estimator* estimator, const agewise_image* image) {
  return made([&] { return answer({checked(estimator).estimate(view_of(checked(image, 1).front()))}); });
}

agewise_pictures* agewise_estimate_files(const agewise_estimator* estimator, const agewise_file* files, size_t count) {
  return made([&] {
    std::vector<std::span<const std::byte>> list;
    for (const agewise_file& file : checked(files, count)) list.push_back(bytes_of(file.data, file.size));
    return answer(checked(estimator).estimate_all(list));
  });
}

agewise_pictures* agewise_estimate_images(const agewise_estimator* estimator, const agewise_image* images,
                                          size_t count) {
  return made([&] {
    std::vector<agewise::ImageView> list;
    for (const agewise_image& image : checked(images, count)) list.push_back(view_of(image));
    return answer(checked(estimator).estimate_all(list));
  });
}

void agewise_pictures_free(agewise_pictures* pictures) { delete pictures; }

size_t agewise_picture_count(const agewise_pictures* pictures) {
  return pictures != nullptr ? pictures->pictures.size() : 0;
}
size_t agewise_face_count(const agewise_pictures* pictures, size_t picture) {
  return picture_at(pictures, picture) != nullptr ? pictures->faces[picture].size() : 0;
}
const agewise_face* agewise_face_at(const agewise_pictures* pictures, size_t picture, size_t face) {
  return face < agewise_face_count(pictures, picture) ? &pictures->faces[picture][face] : nullptr;
}
const char* agewise_reason(const agewise_pictures* pictures, size_t picture) {
  const agewise::Picture* found = picture_at(pictures, picture);
  return found != nullptr ? found->reason.c_str() : "";
}
int agewise_is_readable(const agewise_pictures* pictures, size_t picture) {
  const agewise::Picture* found = picture_at(pictures, picture);
  return found != nullptr && found->readable ? 1 : 0;
}
int agewise_width(const agewise_pictures* pictures, size_t picture) {
  const agewise::Picture* found = picture_at(pictures, picture);
  return found != nullptr ? found->width : 0;
}
int agewise_height(const agewise_pictures* pictures, size_t picture) {
  const agewise::Picture* found = picture_at(pictures, picture);
  return found != nullptr ? found->height : 0;
}
