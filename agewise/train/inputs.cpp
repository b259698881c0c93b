#include "agewise/train/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/catalog/screen.h"
#include "agewise/estimate/estimator.h"
#include "agewise/train/augment.h"
#include "agewise/train/derived.h"
#include "agewise/whiten/zca.h"

namespace agewise::train {
namespace {

constexpr std::size_t kRowsAtOnce = 512;

// Calls fill(i) for 0 … n-1, looks at `stop` between them and tells how far it is.
template <class Fill>
void for_each_picture(std::size_t n, const char* what, const base::StopFlag& stop, const base::ProgressSink& progress,
                      Fill fill) {
  for (std::size_t i = 0; i < n; ++i) {
    if (stop)
      throw base::Interrupted("stopped while whitening; when resumed (--resume), training starts the whitening over");
    fill(i);
    if (progress) progress({what, i + 1, n});
  }
}

whiten::Zca fit_on_training_pictures(const recipe::Recipe& recipe, const store::Stores& stores,
                                     const Examples& examples, const base::StopFlag& stop,
                                     const base::ProgressSink& progress) {
  InputSource pixels = inputs_from_stores(recipe, stores, examples.faces);
  std::size_t size = input_size(recipe);
  std::vector<std::size_t> chosen =
      catalog::choose_rows(examples.train.size(), static_cast<std::size_t>(recipe.whiten.samples), recipe.train.seed);
  std::vector<float> pictures(chosen.size() * size);
  for_each_picture(chosen.size(), "reading pictures to whiten", stop, progress, [&](std::size_t i) {
    pixels(examples.train[chosen[i]], 0, std::span(pictures).subspan(i * size, size));
  });
  return whiten::fit_zca(pictures, static_cast<int>(size), recipe.whiten, stop, progress);
}

// Training pictures first, then validation.
std::vector<std::uint32_t> order_in_file(const Examples& examples) {
  std::vector<std::uint32_t> order = examples.train;
  order.insert(order.end(), examples.validation.begin(), examples.validation.end());
  return order;
}

std::span<const float> floats_of(const base::MappedFile& file) {
  return {reinterpret_cast<const float*>(file.bytes().data()), file.bytes().size() / sizeof(float)};
}

std::span<float> writable_floats_of(base::MappedFile& file) {
  return {reinterpret_cast<float*>(file.writable_bytes().data()), file.bytes().size() / sizeof(float)};
}

void check_disk(const RunFolder& run, std::uint64_t needed) {
  std::uint64_t free = base::free_disk_space(run.faces());
  if (free >= needed) return;
  throw base::file_error(run.faces(),
                         fmt::format("the whitened pictures need {} MB, but only {} MB are free; free some space, "
                                     "train on fewer pictures, or do not whiten (--set whiten.method=none)",
                                     needed >> 20, free >> 20));
}

void whiten_into_file(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores,
                      const Examples& examples, const base::StopFlag& stop, const base::ProgressSink& progress) {
  std::uint64_t bytes = whitened_file_size(recipe, examples);
  check_disk(run, bytes);
  InputSource pixels = inputs_from_stores(recipe, stores, examples.faces);
  whiten::Zca zca = whiten::read_zca(run.whitening());
  std::vector<std::uint32_t> order = order_in_file(examples);
  std::size_t size = input_size(recipe);
  base::MappedFile file = base::MappedFile::create(run.faces(), bytes);
  std::span<float> whitened = writable_floats_of(file);
  for_each_picture(order.size(), "whitening", stop, progress, [&](std::size_t i) {
    pixels(order[i], 0, whitened.subspan(i * size, size));
    std::size_t first = i / kRowsAtOnce * kRowsAtOnce;
    bool is_last_of_block = i + 1 == order.size() || (i + 1) % kRowsAtOnce == 0;
    if (is_last_of_block) whiten::apply_zca(zca, whitened.subspan(first * size, (i + 1 - first) * size));
  });
  file.sync();
}

std::string hash_of(const std::vector<std::uint32_t>& pictures) {
  return base::content_hash(std::as_bytes(std::span(pictures)));
}

DerivedFile transform_file(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores,
                           const Examples& examples) {
  return {run.whitening(), key_of(recipe::Outcome::whitening, recipe, stores, hash_of(examples.train)),
          [] { return ""; }};
}

DerivedFile faces_file(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores,
                       const Examples& examples, const std::string& transform) {
  return {run.faces(),
          key_of(recipe::Outcome::pixels, recipe, stores, transform + " " + hash_of(order_in_file(examples))),
          [&stores, transform] { return transform + " " + stores.first_content() + "\n"; },
          whitened_file_size(recipe, examples)};
}

}  // namespace

std::size_t input_size(const recipe::Recipe& recipe) {
  auto side = static_cast<std::size_t>(recipe::input_side(recipe));
  return side * side * (recipe.face.colour == recipe::Colour::rgb ? 3 : 1);
}

InputSource inputs_from_stores(const recipe::Recipe& recipe, const store::Stores& stores,
                               const std::vector<store::FaceRecord>& faces) {
  return [recipe, stores, &faces](std::uint32_t sample, int epoch, std::span<float> input) {
    image::Image face = stores.picture(faces[sample]);
    if (epoch > 0 && recipe::augments(recipe.augment)) {
      base::Random random(recipe.train.seed, base::Purpose::augment, static_cast<std::uint32_t>(epoch), sample);
      face = augmented(face, choose(recipe, random), recipe::input_side(recipe));
    }
    estimate::to_network_input(recipe, face, input);
  };
}

std::uint64_t whitened_file_size(const recipe::Recipe& recipe, const Examples& examples) {
  return (examples.train.size() + examples.validation.size()) * input_size(recipe) * sizeof(float);
}

WhitenedInputs whitened_inputs(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores,
                               const Examples& examples, const base::StopFlag& stop,
                               const base::ProgressSink& progress) {
  WhitenedInputs result;
  result.fitted_on = static_cast<int>(std::min<std::size_t>(examples.train.size(), recipe.whiten.samples));
  make_unless_it_holds(transform_file(run, recipe, stores, examples), [&] {
    whiten::write_zca(run.whitening(), fit_on_training_pictures(recipe, stores, examples, stop, progress));
  });
  result.hash = base::content_hash(base::MappedFile::read_only(run.whitening()).bytes());
  result.reused = make_unless_it_holds(faces_file(run, recipe, stores, examples, result.hash),
                                       [&] { whiten_into_file(run, recipe, stores, examples, stop, progress); });
  auto file = std::make_shared<const base::MappedFile>(base::MappedFile::read_only(run.faces()));
  std::vector<std::uint32_t> place(examples.faces.size());
  std::vector<std::uint32_t> order = order_in_file(examples);
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  result.source = [file, place = std::move(place)](std::uint32_t sample, int /*epoch*/, std::span<float> input) {
    std::memcpy(input.data(), floats_of(*file).data() + place[sample] * input.size(), input.size_bytes());
  };
  return result;
}

}  // namespace agewise::train
