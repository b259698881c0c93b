// Layers that only move numbers: one reorder there, one back.
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;

// What the two have in common: the output is plain, and seen with the input's axes it is `alike_`.
class Moved : public Step {
 public:
  Moved(Plan& plan, const Operation& operation, const char* what)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    out_ = plan.allocate(plan.canonical_layout(plan.layer(layer_).shape));
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, what);
  }

  void plan_backward(Plan& plan) override {
    Tensor gradient = plan.view(plan.gradient(layer_), alike_);
    there_and_back_[1] = plan.reorder(gradient, plan.gradient_share(input_));
  }

  void forward(const Pass&) override { there_and_back_[0](); }
  void backward(const Pass&) override { there_and_back_[1](); }

 protected:
  void move(Plan& plan, const Desc& alike) {
    alike_ = alike;
    there_and_back_[0] = plan.reorder(plan.value(input_), plan.view(out_, alike_));
  }

  int layer_, input_;

 private:
  Desc alike_;
  Tensor out_;
  Call there_and_back_[2];
};

class Reshape : public Moved {
 public:
  Reshape(Plan& plan, const Operation& operation) : Moved(plan, operation, "reorder") {
    move(plan, plan.canonical_layout(plan.layer(input_).shape));
  }
};

class Transpose : public Moved {
 public:
  Transpose(Plan& plan, const Operation& operation) : Moved(plan, operation, "transposing reorder") {
    const Shape& out = plan.layer(layer_).shape;
    const auto& order = std::get<layer::Transpose>(plan.layer(layer_).kind).order;
    const dnnl::memory::dims steps{std::int64_t{out.height} * out.width, out.width, 1};  // of the output's axes
    dnnl::memory::dims strides(4);
    strides[0] = out.size();
    for (std::size_t axis = 0; axis < order.size(); ++axis)
      strides[static_cast<std::size_t>(order[axis]) + 1] = steps[axis];
    move(plan, Desc(plan.dims(plan.layer(input_).shape), dnnl::memory::data_type::f32, strides));
  }
};

}  // namespace

std::unique_ptr<Step> make_reshape(Plan& plan, const Operation& operation) {
  return std::make_unique<Reshape>(plan, operation);
}
std::unique_ptr<Step> make_transpose(Plan& plan, const Operation& operation) {
  return std::make_unique<Transpose>(plan, operation);
}

}  // namespace agewise::nn::cpu
