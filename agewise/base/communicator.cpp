#include "agewise/base/communicator.h"

#include <cstdlib>

namespace agewise::base {
namespace {

class Alone : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  const std::string& host(int /*rank*/) const override { return host_; }
  void start_sum(std::span<float> /*values*/) override {}
  void start_sum(std::span<Bfloat16> /*values*/) override {}
  void finish_sum() override {}
  void sum(std::span<double> /*values*/) override {}
  void broadcast(std::span<std::byte> /*bytes*/) override {}
  std::vector<std::string> gather(const std::string& text) override { return {text}; }
  void barrier() override {}
  [[noreturn]] void abort(int exit_code) override { std::_Exit(exit_code); }

 private:
  std::string host_ = "this machine";
};

template <class Values>
void broadcast_sized(Communicator& communicator, Values& values) {
  if (communicator.size() == 1) return;
  std::size_t size = values.size();
  communicator.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  values.resize(size);
  communicator.broadcast(std::as_writable_bytes(std::span(values.data(), size)));
}

}  // namespace

Communicator& alone() {
  static Alone alone;
  return alone;
}

std::string broadcast_text(Communicator& communicator, std::string text) {
  broadcast_sized(communicator, text);
  return text;
}

void broadcast_floats(Communicator& communicator, std::vector<float>& values) { broadcast_sized(communicator, values); }

}  // namespace agewise::base
