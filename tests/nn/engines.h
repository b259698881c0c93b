// The engines that the conformance and golden tests run on.
#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "agewise/nn/engine.h"

namespace agewise {

struct EngineUnderTest {
  std::string name;
  std::function<std::unique_ptr<Engine>()> make;
};

inline const std::vector<EngineUnderTest>& engines_under_test() {
  static const std::vector<EngineUnderTest> all{{"reference", make_reference_engine}};
  return all;
}

inline void PrintTo(const EngineUnderTest& engine, std::ostream* out) { *out << engine.name; }

}  // namespace agewise
