// The engines that the conformance and golden tests run on.
#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/nn/engine.h"

namespace agewise {

struct EngineUnderTest {
  std::string name;
  std::function<std::unique_ptr<Engine>()> make;
};

inline const std::vector<EngineUnderTest>& engines_under_test() {
  static const std::vector<EngineUnderTest> all{{"reference", make_reference_engine},
                                                {"cpu", [] { return make_cpu_engine({2}); }},
                                                {"cpu_unfused", [] {
                                                   return make_cpu_engine({1, Isa::best, false});
                                                 }}};
  return all;
}

inline void PrintTo(const EngineUnderTest& engine, std::ostream* out) { *out << engine.name; }

}  // namespace agewise
