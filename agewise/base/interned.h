// A text that many have in common.
#pragma once
#include <ostream>
#include <string>
#include <string_view>

namespace agewise::base {

// A text of which equal ones are kept only once, for the life of the program: eight bytes in each of half a million
// rows instead of 32 and more. Made and read by any thread.
class Interned {
 public:
  Interned() = default;
  Interned(std::string_view text);
  Interned(const std::string& text) : Interned(std::string_view(text)) {}
  Interned(const char* text) : Interned(std::string_view(text)) {}

  const std::string& str() const;
  operator const std::string&() const { return str(); }
  bool empty() const { return text_ == nullptr; }

  friend bool operator==(Interned a, Interned b) { return a.text_ == b.text_; }
  friend std::ostream& operator<<(std::ostream& out, Interned text) { return out << text.str(); }

 private:
  const std::string* text_ = nullptr;
};

}  // namespace agewise::base
