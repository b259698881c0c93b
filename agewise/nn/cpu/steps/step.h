// The steps that a graph is compiled to.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agewise/nn/cpu/kernels/dropout_mask.h"
#include "agewise/nn/cpu/plan/plan.h"

namespace agewise::nn::cpu {

// What one forward pass is told; its backward pass sees the same.
struct Pass {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> samples;  // one a row of the batch
  bool update_statistics = true;
};

inline MaskKey mask_key(const Pass& pass, int layer, std::size_t row) {
  return {pass.seed, layer, pass.epoch, pass.samples[row]};
}

// One operation. Its constructor plans the forward pass: reads its inputs' values, defines its output's.
class Step {
 public:
  Step() = default;
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  // Train, and only if the output's gradient is wanted: called in reverse order, when that gradient is complete.
  virtual void plan_backward(Plan&) {}
  // Infer: from the plain parameters, what the step's kernels use of them. Those that have a place in the flat buffer
  // (Plan::parameter) lie there already.
  virtual void set_parameters(const ParameterMap&, std::span<const float>) {}
  virtual void forward(const Pass& pass) = 0;
  virtual void backward(const Pass&) {}

  // The kernels chosen, as "NAME: KERNEL".
  const std::vector<std::string>& kernels() const { return kernels_; }

 protected:
  template <class Description>
  void note(const std::string& layer, const char* what, const Description& description) {
    kernels_.push_back(layer + ": " + what + " " + description.impl_info_str());
  }
  void note(const std::string& layer, const std::string& what) { kernels_.push_back(layer + ": " + what); }

 private:
  std::vector<std::string> kernels_;
};

// One of oneDNN's plain loops, hundreds of times slower than its other kernels.
template <class Description>
bool is_reference(const Description& description) {
  return std::string(description.impl_info_str()).rfind("ref", 0) == 0;
}

std::unique_ptr<Step> make_convolution(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_fully_connected(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_batch_norm(Plan& plan, const Operation& operation);
// Of a plan with a statistics_reducer().
std::unique_ptr<Step> make_synced_batch_norm(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_pool(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_relu(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_dropout(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_add(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_placement(Plan& plan, const Operation& operation);  // pad, concatenate
std::unique_ptr<Step> make_softmax(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_activation(Plan& plan, const Operation& operation);  // all but ReLU, PReLU, hard sigmoid
std::unique_ptr<Step> make_hard_sigmoid(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_layer_norm(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_slice(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_shuffle(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_prelu(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_scale(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_combine(Plan& plan, const Operation& operation);  // multiply, subtract, divide
std::unique_ptr<Step> make_upsample(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_reshape(Plan& plan, const Operation& operation);
std::unique_ptr<Step> make_transpose(Plan& plan, const Operation& operation);

}  // namespace agewise::nn::cpu
