// The engines that the conformance and golden tests run on.
#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/nn/engine.h"

namespace agewise::nn {

struct EngineUnderTest {
  std::string name;
  std::function<std::unique_ptr<Engine>()> make;
};

// Computes each convolution that it can by our own Winograd kernels.
class WinogradEngine : public Engine {
 public:
  std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode, const Training& training) override {
    engine_->compile(graph, batch, mode);  // writes down the keys
    for (auto& [key, kernel] : cache_) kernel = "own winograd";
    return engine_->compile(graph, batch, mode, training);
  }
  std::string name() const override { return engine_->name(); }

 private:
  TuningCache cache_;
  std::unique_ptr<Engine> engine_ = make_cpu_engine({2, Isa::best, true, &cache_, [] { return 0.0; }});
};

inline const std::vector<EngineUnderTest>& engines_under_test() {
  static const std::vector<EngineUnderTest> all{{"reference", make_reference_engine},
                                                {"cpu", [] { return make_cpu_engine({2}); }},
                                                {"cpu_winograd", std::make_unique<WinogradEngine>},
                                                {"cpu_unfused", [] {
                                                   return make_cpu_engine({1, Isa::best, false});
                                                 }}};
  return all;
}

inline void PrintTo(const EngineUnderTest& engine, std::ostream* out) { *out << engine.name; }

}  // namespace agewise::nn
