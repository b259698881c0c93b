// ReLU and add as steps of their own, where nothing before them takes them along.
#include "agewise/nn/cpu/kernels/elementwise.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

class Relu : public Step {
 public:
  Relu(Plan& plan, const Operation& operation)
      : input_(plan.layer(operation.layer).inputs[0]), output_(operation.output) {
    in_ = plan.value(input_);
    out_ = plan.may_overwrite(input_) ? in_ : plan.allocate(in_.layout());
    plan.define(output_, out_);
    note(plan.layer(output_).name, "own ReLU");
  }

  void plan_backward(Plan& plan) override {
    plan.value(output_);
    gradient_ = plan.gradient(output_);
    changed_ = plan.changed_gradient(output_);
    plan.pass_gradient(changed_, input_);
  }

  void forward(const Pass&) override { relu(in_.data(), out_.data(), out_.floats()); }
  void backward(const Pass&) override {
    relu_backward(out_.data(), gradient_.data(), changed_.data(), changed_.floats());
  }

 private:
  int input_, output_;
  Tensor in_, out_, gradient_, changed_;
};

class Add : public Step {
 public:
  Add(Plan& plan, const Operation& operation) : inputs_(plan.layer(operation.layer).inputs), output_(operation.output) {
    out_ = plan.allocate(plan.value(inputs_[0]).layout());
    for (int input : inputs_) {
      Tensor in = plan.value(input), alike = in;
      if (in.layout() != out_.layout()) {
        alike = plan.allocate(out_.layout());
        reorders_.push_back(plan.reorder(in, alike));
      }
      ins_.push_back(alike);
    }
    plan.define(output_, out_);
    note(plan.layer(output_).name, "own add");
  }

  void plan_backward(Plan& plan) override {
    bool taken = false;
    for (int input : inputs_) {
      if (plan.wants_gradient(input)) taken = plan.pass_gradient(plan.gradient(output_), input, !taken) || taken;
    }
  }

  void forward(const Pass&) override {
    for (const Call& reorder : reorders_) reorder();
    if (ins_.size() == 1) return copy(ins_[0].data(), out_.data(), out_.floats());
    add(ins_[0].data(), ins_[1].data(), out_.data(), out_.floats());
    for (std::size_t i = 2; i < ins_.size(); ++i) add_to(ins_[i].data(), out_.data(), out_.floats());
  }

 private:
  std::vector<int> inputs_;
  int output_;
  std::vector<Tensor> ins_;
  Tensor out_;
  std::vector<Call> reorders_;
};

}  // namespace

std::unique_ptr<Step> make_relu(Plan& plan, const Operation& operation) {
  return std::make_unique<Relu>(plan, operation);
}
std::unique_ptr<Step> make_add(Plan& plan, const Operation& operation) {
  return std::make_unique<Add>(plan, operation);
}

}  // namespace agewise::nn::cpu
