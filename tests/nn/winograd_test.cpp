// Our own Winograd convolution against sums in doubles, term by term.
#include "agewise/nn/cpu/kernels/winograd.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "tests/nn/golden.h"

namespace agewise::nn::cpu {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

WinogradShape shape_of(int batch, int in, int out, int height, int width, Padding pad) {
  return {batch, {in, height, width}, {out, height + pad.top + pad.bottom - 2, width + pad.left + pad.right - 2}, pad};
}

// Activations in blocks of channels, read and written as if plain.
struct Activations {
  Shape shape;
  std::vector<float> floats;

  Activations(int batch, const Shape& s)
      : shape(s), floats(at(batch) * at(blocks()) * at(lanes() * s.height * s.width)) {}
  static int lanes() { return vector_floats(); }
  int blocks() const { return (shape.channels + lanes() - 1) / lanes(); }
  float& operator()(int n, int c, int y, int x) {
    return floats[at(((std::int64_t{n * blocks() + c / lanes()} * shape.height + y) * shape.width + x) * lanes() +
                     c % lanes())];
  }
  bool inside(int y, int x) const { return y >= 0 && x >= 0 && y < shape.height && x < shape.width; }
};

struct Weights {
  int in_blocks;
  std::vector<float> floats;

  Weights(int out, int in) : in_blocks(blocks(in)), floats(at(blocks(out) * blocks(in)) * 9 * at(lanes() * lanes())) {}
  static int lanes() { return vector_floats(); }
  static int blocks(int channels) { return (channels + lanes() - 1) / lanes(); }
  float& operator()(int o, int i, int y, int x) {
    std::int64_t block = std::int64_t{o / lanes()} * in_blocks + i / lanes();
    return floats[at(((block * 9 + y * 3 + x) * lanes() + i % lanes()) * lanes() + o % lanes())];
  }
};

// A convolution with all its operands, those that it reads filled with numbers as a network has them: outputs of ReLUs,
// weights and gradients of both signs.
struct Case {
  WinogradShape shape;
  Activations in, out, in_gradient, out_gradient;
  Weights weights, weight_gradient;
  std::vector<float> bias, bias_gradient;

  explicit Case(const WinogradShape& s)
      : shape(s),
        in(s.batch, s.in),
        out(s.batch, s.out),
        in_gradient(s.batch, s.in),
        out_gradient(s.batch, s.out),
        weights(s.out.channels, s.in.channels),
        weight_gradient(s.out.channels, s.in.channels),
        bias(golden_numbers(1, at(s.out.channels))),
        bias_gradient(at(s.out.channels)) {
    fill(in, 2, 0);
    fill(out_gradient, 3, -1);
    std::vector<float> numbers = golden_numbers(4, at(s.out.channels) * at(s.in.channels) * 9);
    for (int o = 0, i = 0; o < s.out.channels * s.in.channels; ++o) {
      for (int element = 0; element < 9; ++element, ++i)
        weights(o / s.in.channels, o % s.in.channels, element / 3, element % 3) = numbers[at(i)];
    }
  }

  void fill(Activations& a, std::uint64_t seed, float least) const {
    std::vector<float> numbers = golden_numbers(seed, at(shape.batch) * at(a.shape.size()));
    std::size_t i = 0;
    for (int n = 0; n < shape.batch; ++n) {
      for (int c = 0; c < a.shape.channels; ++c) {
        for (int y = 0; y < a.shape.height; ++y) {
          for (int x = 0; x < a.shape.width; ++x) a(n, c, y, x) = std::max(least, numbers[i++]);
        }
      }
    }
  }

  // With floats behind the scratch space that must stay as they are.
  template <class Pass>
  void with_scratch(WinogradPass pass, int threads, Pass run) {
    constexpr float kGuard = 123;
    std::size_t floats = winograd_scratch_floats(shape, pass, threads), transformed = winograd_weight_floats(shape);
    std::vector<float> scratch(floats + 64, kGuard), points(transformed + 64, kGuard);
    omp_set_num_threads(threads);
    if (pass != WinogradPass::backward_weights)
      winograd_transform_weights(shape, pass, weights.floats.data(), points.data(), threads);
    run(points.data(), scratch.data());
    scratch.erase(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(floats));
    points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(transformed));
    EXPECT_THAT(scratch, testing::Each(kGuard));
    EXPECT_THAT(points, testing::Each(kGuard));
  }

  void run(int threads, bool add = false, bool relu = false) {
    with_scratch(WinogradPass::forward, threads, [&](const float* points, float* scratch) {
      winograd_forward(shape, in.floats.data(), points, {bias.data(), add, relu}, out.floats.data(), scratch, threads);
    });
    with_scratch(WinogradPass::backward_data, threads, [&](const float* points, float* scratch) {
      winograd_backward_data(shape, out_gradient.floats.data(), points, in_gradient.floats.data(), scratch, threads);
    });
    with_scratch(WinogradPass::backward_weights, threads, [&](const float*, float* scratch) {
      winograd_backward_weights(shape, in.floats.data(), out_gradient.floats.data(), weight_gradient.floats.data(),
                                bias_gradient.data(), scratch, threads);
    });
  }

  // The definition.
  double expected_out(int n, int o, int y, int x) {
    double sum = bias[at(o)];
    for (int c = 0; c < shape.in.channels; ++c) {
      for (int element = 0; element < 9; ++element) {
        int row = y + element / 3 - shape.pad.top, column = x + element % 3 - shape.pad.left;
        if (in.inside(row, column)) sum += double{in(n, c, row, column)} * weights(o, c, element / 3, element % 3);
      }
    }
    return sum;
  }
  double expected_in_gradient(int n, int c, int y, int x) {
    double sum = 0;
    for (int o = 0; o < shape.out.channels; ++o) {
      for (int element = 0; element < 9; ++element) {
        int row = y - element / 3 + shape.pad.top, column = x - element % 3 + shape.pad.left;
        if (out.inside(row, column))
          sum += double{out_gradient(n, o, row, column)} * weights(o, c, element / 3, element % 3);
      }
    }
    return sum;
  }
  double expected_weight_gradient(int o, int c, int tap_y, int tap_x) {
    double sum = 0;
    for (int n = 0; n < shape.batch; ++n) {
      for (int y = 0; y < shape.out.height; ++y) {
        for (int x = 0; x < shape.out.width; ++x) {
          int row = y + tap_y - shape.pad.top, column = x + tap_x - shape.pad.left;
          if (in.inside(row, column)) sum += double{in(n, c, row, column)} * out_gradient(n, o, y, x);
        }
      }
    }
    return sum;
  }
  double expected_bias_gradient(int o) {
    double sum = 0;
    for (int n = 0; n < shape.batch; ++n) {
      for (int i = 0; i < shape.out.height * shape.out.width; ++i)
        sum += out_gradient(n, o, i / shape.out.width, i % shape.out.width);
    }
    return sum;
  }
};

// Of differences beside values: largest over largest, and root mean squares.
struct Error {
  double largest = 0, largest_value = 0, squares = 0, value_squares = 0;

  void add(double found, double expected) {
    double difference = std::abs(found - expected);
    if (!(difference <= largest)) largest = difference;  // a NaN, too
    largest_value = std::max(largest_value, std::abs(expected));
    squares += difference * difference;
    value_squares += expected * expected;
  }
  double share() const { return largest / largest_value; }
  double root_mean_square() const { return std::sqrt(squares / value_squares); }
};

// All places if they are fewer than `most`, else so many, scattered: body(first index, second, row, column).
template <class Body>
void for_places(int first, int second, int rows, int columns, std::int64_t most, Body body) {
  std::int64_t all = std::int64_t{first} * second * rows * columns, step = std::max<std::int64_t>(1, all / most) | 1;
  for (std::int64_t i = 0; i < all; i += step) {
    auto place = [&](std::int64_t index, int size) { return static_cast<int>(index % size); };
    body(place(i / columns / rows / second, first), place(i / columns / rows, second), place(i / columns, rows),
         place(i, columns));
  }
}

struct Errors {
  Error out, in_gradient, weight_gradient, bias_gradient;
};

Errors errors_of(Case& c, std::int64_t most, std::int64_t most_weights, bool relu = false) {
  Errors errors;
  const WinogradShape& s = c.shape;
  for_places(s.batch, s.out.channels, s.out.height, s.out.width, most, [&](int n, int o, int y, int x) {
    double expected = c.expected_out(n, o, y, x);
    errors.out.add(c.out(n, o, y, x), relu ? std::max(0.0, expected) : expected);
  });
  for_places(s.batch, s.in.channels, s.in.height, s.in.width, most, [&](int n, int i, int y, int x) {
    errors.in_gradient.add(c.in_gradient(n, i, y, x), c.expected_in_gradient(n, i, y, x));
  });
  for_places(s.out.channels, s.in.channels, 3, 3, most_weights, [&](int o, int i, int y, int x) {
    errors.weight_gradient.add(c.weight_gradient(o, i, y, x), c.expected_weight_gradient(o, i, y, x));
  });
  for (int o = 0; o < s.out.channels; ++o)
    errors.bias_gradient.add(c.bias_gradient[at(o)], c.expected_bias_gradient(o));
  return errors;
}

class Winograd : public testing::Test {
 protected:
  // The instruction set of the environment, for these kernels too.
  static void SetUpTestSuite() { make_cpu_engine({1}); }
};

TEST_F(Winograd, fits_only_kernels_of_3_by_3_at_stride_1_with_whole_blocks_of_channels) {
  EXPECT_TRUE(winograd_fits(shape_of(1, 16, 16, 4, 4, {1, 1, 1, 1})));
  EXPECT_TRUE(winograd_fits(shape_of(1, 20, 17, 3, 5, {0, 0, 0, 0})));
  EXPECT_FALSE(winograd_fits(shape_of(1, 3, 64, 4, 4, {1, 1, 1, 1})));
  EXPECT_FALSE(winograd_fits(shape_of(1, 64, 3, 4, 4, {1, 1, 1, 1})));
  EXPECT_FALSE(winograd_fits(shape_of(1, 16, 16, 2, 4, {0, 0, 0, 0})));
  EXPECT_FALSE(winograd_fits(shape_of(1, 16, 16, 4, 4, {3, 3, 3, 3})));
  WinogradShape strided = shape_of(1, 16, 16, 8, 8, {1, 1, 1, 1});
  strided.out = {16, 4, 4};
  EXPECT_FALSE(winograd_fits(strided));
}

// A kernel of ones counts the pixels that it covers: 9 inside, 6 along an edge, 4 in a corner, of each of 16 channels.
TEST_F(Winograd, counts_the_pixels_under_a_kernel_of_ones) {
  Case c(shape_of(1, 16, 16, 6, 6, {1, 1, 1, 1}));
  std::fill(c.in.floats.begin(), c.in.floats.end(), 1.0F);
  std::fill(c.weights.floats.begin(), c.weights.floats.end(), 1.0F);
  std::fill(c.bias.begin(), c.bias.end(), 0.0F);
  c.run(1);
  for (int o = 0; o < 16; ++o) {
    EXPECT_NEAR(c.out(0, o, 0, 0), 64, 1e-3);
    EXPECT_NEAR(c.out(0, o, 0, 2), 96, 1e-3);
    EXPECT_NEAR(c.out(0, o, 3, 4), 144, 1e-3);
    EXPECT_NEAR(c.out(0, o, 5, 5), 64, 1e-3);
  }
}

TEST_F(Winograd, computes_what_the_definition_says_whatever_the_shape) {
  const WinogradShape shapes[]{
      shape_of(1, 16, 16, 4, 4, {1, 1, 1, 1}),   shape_of(2, 16, 48, 3, 3, {0, 0, 0, 0}),  // one output
      shape_of(3, 32, 16, 7, 5, {1, 1, 1, 1}),   shape_of(2, 24, 40, 9, 13, {0, 1, 1, 0}),
      shape_of(1, 19, 37, 6, 11, {1, 1, 1, 1}),  shape_of(1, 16, 16, 1, 1, {1, 1, 1, 1}),
      shape_of(1, 21, 16, 8, 6, {2, 2, 2, 2}),   shape_of(2, 16, 32, 5, 17, {2, 0, 1, 2}),
      shape_of(5, 16, 16, 33, 21, {1, 1, 1, 1}),  // more than one block of tiles
  };
  for (const WinogradShape& shape : shapes) {
    ASSERT_TRUE(winograd_fits(shape));
    for (int threads : {1, 3}) {
      for (bool relu : {false, true}) {
        SCOPED_TRACE(testing::Message() << shape.in.channels << " to " << shape.out.channels << ", " << shape.in.height
                                        << " × " << shape.in.width << ", threads " << threads);
        Case c(shape);
        c.run(threads, false, relu);
        Errors errors = errors_of(c, 300, 100, relu);
        EXPECT_LT(errors.out.share(), 5e-6);
        EXPECT_LT(errors.in_gradient.share(), 5e-6);
        EXPECT_LT(errors.weight_gradient.share(), 5e-6);
        EXPECT_LT(errors.bias_gradient.share(), 5e-6);
      }
    }
  }
}

// What the header states. The longest sums are those of the first layer's weight gradients, the smallest pictures have
// the most channels.
TEST_F(Winograd, keeps_its_digits_on_the_shapes_of_vgg16) {
  struct Layer {
    int in, out, size, batch;
  };
  for (const Layer& l : {Layer{64, 64, 224, 1}, Layer{128, 128, 112, 1}, Layer{256, 256, 56, 1}, Layer{512, 512, 28, 1},
                         Layer{512, 512, 14, 2}}) {
    SCOPED_TRACE(testing::Message() << l.in << " to " << l.out << ", " << l.size << " × " << l.size);
    Case c(shape_of(l.batch, l.in, l.out, l.size, l.size, {1, 1, 1, 1}));
    c.run(2);
    Errors errors = errors_of(c, 1000, 30);
    for (const Error& error : {errors.out, errors.in_gradient, errors.weight_gradient}) {
      EXPECT_LT(error.share(), 1e-5);
      EXPECT_LT(error.root_mean_square(), 1e-5);
    }
    EXPECT_LT(errors.bias_gradient.share(), 1e-5);
  }
}

TEST_F(Winograd, gives_the_same_bits_whatever_the_thread_count) {
  for (const WinogradShape& shape :
       {shape_of(2, 24, 40, 30, 30, {1, 1, 1, 1}), shape_of(1, 64, 64, 5, 5, {1, 1, 1, 1})}) {
    Case one(shape), more(shape);
    one.run(1);
    for (int threads : {2, 5}) {
      more.run(threads);
      EXPECT_EQ(one.out.floats, more.out.floats);
      EXPECT_EQ(one.in_gradient.floats, more.in_gradient.floats);
      EXPECT_EQ(one.weight_gradient.floats, more.weight_gradient.floats);
      EXPECT_EQ(one.bias_gradient, more.bias_gradient);
    }
  }
}

TEST_F(Winograd, leaves_channels_that_fill_up_a_block_at_0) {
  Case c(shape_of(1, 17, 18, 6, 6, {1, 1, 1, 1}));
  for (Activations* a : {&c.out, &c.in_gradient}) std::fill(a->floats.begin(), a->floats.end(), 7.0F);
  std::fill(c.weight_gradient.floats.begin(), c.weight_gradient.floats.end(), 7.0F);
  c.run(2);
  const int lanes = vector_floats(), whole = Weights::blocks(17) * lanes;
  for (int o = 17; o < whole; ++o) EXPECT_EQ(c.in_gradient(0, o, 2, 3), 0);
  for (int o = 18; o < whole; ++o) EXPECT_EQ(c.out(0, o, 2, 3), 0);
  for (int o = 0; o < whole; ++o) {
    for (int i = o < 18 ? 17 : 0; i < whole; ++i) EXPECT_EQ(c.weight_gradient(o, i, 1, 2), 0);
  }
}

TEST_F(Winograd, adds_to_what_lay_in_the_output_before_the_relu) {
  Case c(shape_of(1, 16, 16, 6, 6, {1, 1, 1, 1}));
  std::fill(c.out.floats.begin(), c.out.floats.end(), 2.0F);
  c.run(1, true, true);
  for (int x = 0; x < 6; ++x) EXPECT_NEAR(c.out(0, 3, 2, x), std::max(0.0, c.expected_out(0, 3, 2, x) + 2), 1e-5);
}

TEST_F(Winograd, hides_no_nan_behind_a_relu) {
  Case c(shape_of(1, 16, 16, 4, 4, {1, 1, 1, 1}));
  c.in(0, 3, 1, 1) = std::numeric_limits<float>::quiet_NaN();
  c.run(1, false, true);
  EXPECT_TRUE(std::isnan(c.out(0, 0, 1, 1)));
}

}  // namespace
}  // namespace agewise::nn::cpu
