// Fully connected layers by oneDNN's inner product, with ReLU; for estimating with few pictures at a time, where the
// tuning cache says so, by our own with weights in half precision. The input is flattened as it lies: where activations
// are blocked, the weights' columns follow that order instead of the graph's C, H, W, and no activation is reordered.
#include <fmt/format.h>

#include "agewise/nn/cpu/kernels/half_product.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/plan/trial.h"
#include "agewise/nn/cpu/steps/weighted_step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

constexpr double kHalfCounts = 0.7;  // of its time: it takes half the memory, of VGG-16 240 MB
constexpr int kMostRowsInHalf = 16;  // with more pictures arithmetic is the bound, not reading weights

class FullyConnected : public WeightedStep {
 public:
  FullyConnected(Plan& plan, const Operation& operation)
      : WeightedStep(plan, operation, std::get<layer::FullyConnected>(plan.layer(operation.layer).kind).bias),
        options_(std::get<layer::FullyConnected>(plan.layer(operation.layer).kind)) {
    in_ = plan.value(input_);
    if (channel_block(in_.layout()) == 0 && !is_canonical(in_.layout()) && !is_channels_last(in_.layout())) {
      Tensor plain = plan.allocate(plan.canonical_layout(plan.layer(input_).shape));
      reorder_in_ = plan.reorder(in_, plain);
      in_ = plain;
    }
    rows_ = plan.view(in_, {{plan.batch(), columns(plan)}, kFloat, Tag::ab});
    describe_forward(plan);
    Tensor out = plan.allocate(plan.canonical_layout(plan.layer(operation.layer).shape));
    out_ = plan.view(out, matrix(plan));
    plan.define(operation.output, out);
    if (chooses_half(plan)) {
      take_half(plan);
      return;
    }
    note(name_, "forward", description_);
    take_parameters(plan);
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, out_}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_BIAS, bias_);
    forward_ = plan.call(description_, dnnl::inner_product_forward(description_), arguments);
  }

  void set_parameters(const ParameterMap& map, std::span<const float> all) override {
    if (!half_) return;
    int first = map.first_of(operation_.layer);
    std::span<const float> weights = map.part(all, first);
    std::vector<float> row(static_cast<std::size_t>(columns_), 0.0F);
    for (std::int64_t r = 0; r < options_.outputs; ++r) {
      for (std::size_t i = 0; i < columns_of_inputs_.size(); ++i)
        row[columns_of_inputs_[i]] = weights[static_cast<std::size_t>(r) * columns_of_inputs_.size() + i];
      set_half_row(half_matrix(), r, row.data());
    }
    if (options_.bias) std::copy_n(map.part(all, first + 1).data(), options_.outputs, bias_.data());
  }

  void forward(const Pass&) override {
    if (reorder_in_) reorder_in_();
    if (half_) {
      half_product(half_matrix(), options_.bias ? bias_.data() : nullptr, rows_.data(), rows_.layout().dims()[0],
                   operation_.relu >= 0, out_.data());
    } else {
      forward_();
    }
  }

 private:
  // Of one row of the input, the padding of blocked channels included.
  dnnl::memory::dim columns(const Plan& plan) const {
    return static_cast<dnnl::memory::dim>(in_.floats()) / plan.batch();
  }
  Desc matrix(const Plan& plan) const { return {{plan.batch(), options_.outputs}, kFloat, Tag::ab}; }
  Desc bias_layout() const { return {{options_.outputs}, kFloat, Tag::a}; }
  Desc any_weights() const { return {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::any}; }

  void describe_forward(Plan& plan) {
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    dnnl::inner_product_forward::desc wanted =
        options_.bias
            ? dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), bias_layout(), matrix(plan))
            : dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), matrix(plan));
    dnnl::primitive_attr attributes = plan.attributes();
    if (operation_.relu >= 0) {
      dnnl::post_ops after;
      after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      attributes.set_post_ops(after);
    }
    description_ = {wanted, attributes, plan.engine()};
  }

  HalfMatrix half_matrix() const {
    return {options_.outputs, columns_, static_cast<std::uint16_t*>(half_.memory.get_data_handle()), scales_.data()};
  }
  Desc half_layout() const { return {{options_.outputs * columns_}, dnnl::memory::data_type::f16, Tag::a}; }

  bool chooses_half(Plan& plan) {
    columns_ = rows_.layout().dims()[1];
    if (plan.train() || plan.batch() > kMostRowsInHalf || !fits_half(options_.outputs, columns_)) return false;
    std::vector<std::pair<int, Desc>> arguments{
        {DNNL_ARG_SRC, rows_.layout()}, {DNNL_ARG_WEIGHTS, description_.weights_desc()}, {DNNL_ARG_DST, matrix(plan)}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_BIAS, bias_layout());
    std::vector<Candidate> ways{
        candidate<dnnl::inner_product_forward>(plan, "float", description_, arguments, rows_.layout()),
        {"half",
         [=, batch = plan.batch(), rows = options_.outputs, columns = columns_] {
           auto memory = std::make_shared<HalfTrial>(batch, rows, columns);
           return [=] {
             half_product({rows, columns, memory->weights.data(), memory->scales.data()}, nullptr, memory->in.data(),
                          batch, false, memory->out.data());
           };
         },
         kHalfCounts}};
    return plan.chooser().choose(
               fmt::format("fully connected {}×{} → {}, estimating", plan.batch(), columns_, options_.outputs), ways) ==
           1;
  }

  struct HalfTrial {
    HalfTrial(std::int64_t batch, std::int64_t rows, std::int64_t columns)
        : weights(static_cast<std::size_t>(rows * columns)),
          scales(static_cast<std::size_t>(rows)),
          in(static_cast<std::size_t>(batch * columns)),
          out(static_cast<std::size_t>(batch * rows)) {}
    std::vector<std::uint16_t> weights;
    std::vector<float> scales, in, out;
  };

  void take_half(Plan& plan) {
    note(name_, "forward own, weights in half precision");
    half_ = plan.pinned(half_layout());
    scales_ = plan.pinned(bias_layout());
    if (options_.bias) bias_ = plan.pinned(bias_layout());
    const Shape& in = plan.layer(input_).shape;
    std::int64_t pixels = std::int64_t{in.height} * in.width, block = std::max(channel_block(in_.layout()), 1);
    if (is_channels_last(in_.layout())) block = in.channels;
    for (std::int64_t c = 0; c < in.channels; ++c) {
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
        columns_of_inputs_.push_back(static_cast<std::size_t>((c / block * pixels + pixel) * block + c % block));
    }
  }

  void take_parameters(Plan& plan) {
    const Shape& in = plan.layer(input_).shape;
    dnnl::memory::dims axes{options_.outputs, in.channels, in.height, in.width};
    int block = channel_block(in_.layout());
    Tag order = block == 16                      ? Tag::aBcd16b
                : block == 8                     ? Tag::aBcd8b
                : is_channels_last(in_.layout()) ? Tag::acdb
                                                 : Tag::abcd;
    ParameterLayout layout{{axes, kFloat, Tag::abcd}, description_.weights_desc()};
    layout.between = {axes, kFloat, order};
    layout.between_matrix = {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::ab};
    int first = plan.first_parameter(operation_.layer);
    weights_ = plan.parameter(first, layout);
    if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.outputs));
  }

  void plan_backward_weights(Plan& plan) override {
    Tensor gradient = plan.view(changed_, matrix(plan));
    plan.keep(rows_);
    int first = plan.first_parameter(operation_.layer);
    auto describe = [&](const Desc& weights) {
      dnnl::inner_product_backward_weights::desc wanted =
          options_.bias
              ? dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, bias_layout(), gradient.layout())
              : dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, gradient.layout());
      return dnnl::inner_product_backward_weights::primitive_desc(wanted, plan.attributes(), plan.engine(),
                                                                  description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward weights", description);
    Tensor own = plan.gradient_of_parameter(first, weights_.layout());
    Tensor found = weight_gradient_as(plan, own, description.diff_weights_desc());
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_DIFF_WEIGHTS, found}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, plan.gradient_of_parameter(first + 1, bias_layout()));
    backward_weights_ = plan.call(description, dnnl::inner_product_backward_weights(description), arguments);
  }

  void plan_backward_data(Plan& plan) override {
    Tensor gradient = plan.view(changed_, matrix(plan));
    auto describe = [&](const Desc& weights) {
      return dnnl::inner_product_backward_data::primitive_desc({rows_.layout(), weights, gradient.layout()},
                                                               plan.attributes(), plan.engine(), description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward data", description);
    Tensor weights = weights_as(plan, description.weights_desc()), to_input = input_gradient(plan);
    backward_data_ = plan.call(description, dnnl::inner_product_backward_data(description),
                               {{DNNL_ARG_DIFF_DST, gradient},
                                {DNNL_ARG_WEIGHTS, weights},
                                {DNNL_ARG_DIFF_SRC, plan.view(to_input, rows_.layout())}});
  }

  layer::FullyConnected options_;
  dnnl::inner_product_forward::primitive_desc description_;
  Tensor rows_;
  std::int64_t columns_ = 0;  // of rows_, padding included
  Tensor half_, scales_;      // weights in half precision, where chosen
  std::vector<std::size_t> columns_of_inputs_;
};

}  // namespace

std::unique_ptr<Step> make_fully_connected(Plan& plan, const Operation& operation) {
  return std::make_unique<FullyConnected>(plan, operation);
}

}  // namespace agewise::nn::cpu
