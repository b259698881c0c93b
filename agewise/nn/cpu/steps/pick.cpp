// Slice and shuffle: channels of the input, some of them or all in another order.
#include "agewise/nn/cpu/kernels/elementwise.h"
#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;

class Slice : public Step {
 public:
  Slice(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    const auto& slice = std::get<layer::Slice>(plan.layer(layer_).kind);
    const Shape& shape = plan.layer(layer_).shape;
    in_ = plan.value(input_);
    int block = channel_block(in_.layout());
    bool whole_blocks = block > 0 && slice.first % block == 0 && slice.channels % block == 0;
    bool last = !plan.train() && !whole_blocks && is_channels_last(in_.layout());
    if (!whole_blocks && !last && !is_canonical(in_.layout())) {
      Tensor plain = plan.allocate(plan.canonical_layout(plan.layer(input_).shape));
      to_plain_ = plan.reorder(in_, plain);
      in_ = plain;
    }
    place_ = in_.layout().submemory_desc(plan.dims(shape), {0, slice.first, 0, 0});
    using Tag = dnnl::memory::format_tag;
    Desc blocked(plan.dims(shape), in_.layout().data_type(), block == 16 ? Tag::nChw16c : Tag::nChw8c);
    Desc plain = plan.canonical_layout(shape);
    out_ = plan.allocate(whole_blocks ? blocked : last ? channels_last(plain) : plain);
    forward_ = plan.reorder(plan.view(in_, place_), out_);
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "reorders");
  }

  void plan_backward(Plan& plan) override {
    to_input_ = plan.allocate(in_.layout());
    backward_ = plan.reorder(plan.gradient(layer_), plan.view(to_input_, place_));
    plan.pass_gradient(to_input_, input_);
  }

  void forward(const Pass&) override {
    if (to_plain_) to_plain_();
    forward_();
  }

  void backward(const Pass&) override {
    fill_zero(to_input_.data(), to_input_.floats());
    backward_();
  }

 private:
  int layer_, input_;
  Desc place_;
  Tensor in_, out_, to_input_;
  Call to_plain_, forward_, backward_;
};

class Shuffle : public Step {
 public:
  Shuffle(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    in_ = walkable(plan, plan.value(input_), to_plain_);
    channels_ = channels_of(in_.layout());
    std::int64_t groups = std::get<layer::Shuffle>(plan.layer(layer_).kind).groups;
    for (std::int64_t c = 0; c < channels_.channels; ++c) {
      std::int64_t from = c % groups * (channels_.channels / groups) + c / groups;
      places_.push_back(from / channels_.block * channels_.pixels * channels_.block + from % channels_.block);
    }
    out_ = plan.allocate(in_.layout());
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "own shuffle");
  }

  void plan_backward(Plan& plan) override {
    gradient_ = plan.gradient(layer_);
    to_input_ = plan.allocate(in_.layout());
    plan.pass_gradient(to_input_, input_);
  }

  void forward(const Pass&) override {
    if (to_plain_) to_plain_();
    const float* in = in_.data();
    float* out = out_.data();
    if (channels_.last) return shuffle_last(in, out);
    for_each_move(out, [=](std::int64_t from, std::int64_t to) { out[to] = in[from]; });
  }

  void backward(const Pass&) override {
    const float* gradient = gradient_.data();
    float* to_input = to_input_.data();
    if (channels_.channels % channels_.block != 0) fill_zero(to_input, to_input_.floats());
    for_each_move(nullptr, [=](std::int64_t into, std::int64_t from) { to_input[into] = gradient[from]; });
  }

 private:
  void shuffle_last(const float* in, float* out) const {
    const std::int64_t *places = places_.data(), channels = channels_.channels;
    for_each_pixel_last(channels_, [=](std::int64_t i, std::int64_t) {
      for (std::int64_t c = 0; c < channels; ++c) out[i + c] = in[i + places[c]];
    });
  }

  // Calls body(place in the input, place in the output) for every number, on all threads; clears of `written`, if there
  // is one, what fills up the last block.
  template <class Body>
  void for_each_move(float* written, Body body) const {
    const Channels& all = channels_;
    for_each_row(all, [&](std::int64_t n, std::int64_t b) {
      std::int64_t first = b * all.block, count = std::min(all.block, all.channels - first);
      std::int64_t row = all.start(n, 0), to = all.start(n, b);
      for (std::int64_t k = 0; k < count; ++k) {
        std::int64_t from = row + places_[static_cast<std::size_t>(first + k)];
        for (std::int64_t p = 0; p < all.pixels; ++p) body(from + p * all.block, to + p * all.block + k);
      }
      for (std::int64_t p = 0; written != nullptr && count < all.block && p < all.pixels; ++p)
        std::fill_n(written + to + p * all.block + count, all.block - count, 0.0F);
    });
  }

  int layer_, input_;
  Channels channels_{};
  std::vector<std::int64_t> places_;  // of each channel of the output in a picture of the input
  Call to_plain_;
  Tensor in_, out_, gradient_, to_input_;
};

}  // namespace

std::unique_ptr<Step> make_slice(Plan& plan, const Operation& operation) {
  return std::make_unique<Slice>(plan, operation);
}
std::unique_ptr<Step> make_shuffle(Plan& plan, const Operation& operation) {
  return std::make_unique<Shuffle>(plan, operation);
}

}  // namespace agewise::nn::cpu
