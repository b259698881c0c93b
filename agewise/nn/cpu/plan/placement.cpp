// Pad and concatenate: each input is copied to its place in the output, and its gradient back from there.
#include <algorithm>

#include "agewise/nn/cpu/kernels/elementwise.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;

class Placement : public Step {
 public:
  Placement(Plan& plan, const Operation& operation)
      : layer_(operation.layer),
        inputs_(plan.layer(operation.layer).inputs),
        pads_(std::holds_alternative<layer::Pad>(plan.layer(operation.layer).kind)) {
    out_ = plan.allocate(choose_layout(plan));
    dnnl::memory::dim channel = 0, top = 0, left = 0;
    if (const auto* pad = std::get_if<layer::Pad>(&plan.layer(layer_).kind)) {
      top = pad->top;
      left = pad->left;
    }
    for (int input : inputs_) {
      Tensor in = plan.value(input);
      Desc place = out_.layout().submemory_desc(in.layout().dims(), {0, channel, top, left});
      copies_.push_back(plan.reorder(in, plan.view(out_, place)));
      places_.push_back(place);
      channel += in.layout().dims()[1];
    }
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "reorders");
  }

  void plan_backward(Plan& plan) override {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!plan.wants_gradient(inputs_[i])) continue;
      Tensor place = plan.view(plan.gradient(layer_), places_[i]);
      copies_back_.push_back(plan.reorder(place, plan.gradient_share(inputs_[i])));
    }
  }

  void forward(const Pass&) override {
    if (pads_) fill_zero(out_.data(), out_.floats());
    for (const Call& copy : copies_) copy();
  }

  void backward(const Pass&) override {
    for (const Call& copy : copies_back_) copy();
  }

 private:
  // The inputs' own, if whole blocks of channels can be placed in it or channels are last, else plain.
  Desc choose_layout(const Plan& plan) {
    Desc plain = plan.canonical_layout(plan.layer(layer_).shape);
    bool last = std::all_of(inputs_.begin(), inputs_.end(), [&](int i) { return is_channels_last(plan.layout(i)); });
    if (last && !plan.train()) return channels_last(plain);
    int block = 0;
    for (int input : inputs_) block = std::max(block, channel_block(plan.layout(input)));
    if (block == 0) return plain;
    for (int input : inputs_) {
      if (plan.layer(input).shape.channels % block != 0) return plain;
    }
    using Tag = dnnl::memory::format_tag;
    return {plain.dims(), plain.data_type(), block == 16 ? Tag::nChw16c : Tag::nChw8c};
  }

  int layer_;
  std::vector<int> inputs_;
  bool pads_;
  Tensor out_;
  std::vector<Desc> places_;
  std::vector<Call> copies_, copies_back_;
};

}  // namespace

std::unique_ptr<Step> make_placement(Plan& plan, const Operation& operation) {
  return std::make_unique<Placement>(plan, operation);
}

}  // namespace agewise::nn::cpu
