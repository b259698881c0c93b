// One visitor for std::visit made of several lambdas.
#pragma once

namespace agewise::base {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace agewise::base
