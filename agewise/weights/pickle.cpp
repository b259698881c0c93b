#include "agewise/weights/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "agewise/base/error.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kLongestName = 200;   // of a function, type or storage
constexpr std::size_t kMostArguments = 10;  // of a function or storage

class Machine {
 public:
  explicit Machine(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Pickle run() {
    while (!stopped_) step();
    pickle_.root = pop();
    pickle_.bytes = place_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] static void refuse(const std::string& problem) { throw base::Error("its pickle " + problem); }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - place_) refuse("is cut short");
    const char* begin = reinterpret_cast<const char*>(bytes_.data()) + place_;
    place_ += count;
    return {begin, count};
  }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);  // little-endian
    return value;
  }

  std::string line() {
    std::string text;
    for (char c = number<char>(); c != '\n'; c = number<char>()) {
      text += c;
      if (text.size() > kLongestName) refuse("has a name that is too long");
    }
    return text;
  }

  PickleValue& at(int index) { return pickle_.values[static_cast<std::size_t>(index)]; }

  int add(Kind kind, std::int64_t whole = 0, std::string text = "", std::vector<int> items = {}) {
    pickle_.values.push_back({kind, whole, std::move(text), std::move(items)});
    return static_cast<int>(pickle_.values.size()) - 1;
  }

  void push(int value) { stack_.push_back(value); }

  // Nothing below the last mark may be taken.
  int pop() {
    std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) refuse("pops from an empty stack");
    int value = stack_.back();
    stack_.pop_back();
    return value;
  }

  std::vector<int> pop_to_mark() {
    if (marks_.empty()) refuse("pops to a mark that was never set");
    auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    marks_.pop_back();
    std::vector<int> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    return items;
  }

  std::vector<int> pop_some(int count) {
    std::vector<int> items(static_cast<std::size_t>(count));
    for (int i = count; i-- > 0;) items[static_cast<std::size_t>(i)] = pop();
    return items;
  }

  void remember(std::uint32_t place) {
    int value = pop();
    memo_[place] = value;
    push(value);
  }

  void recall(std::uint32_t place) {
    auto found = memo_.find(place);
    if (found == memo_.end()) refuse("reads a memo entry that was never written");
    push(found->second);
  }

  void global() {
    std::string module = line(), name = module + " " + line();
    push(add(Kind::name, 0, std::move(name)));
  }

  // A module and a name from the stack.
  void stack_global() {
    std::vector<int> items = pop_some(2);
    const std::string &module = expect(items, 0, Kind::text).text, &name = expect(items, 1, Kind::text).text;
    if (module.size() > kLongestName || name.size() > kLongestName) refuse("has a name that is too long");
    push(add(Kind::name, 0, module + " " + name));
  }

  // Adds items to the list or dictionary on top. What is put into an unknown object as into a list is of no interest.
  void extend(Kind kind, const std::vector<int>& items) {
    int onto = pop();
    bool object = at(onto).kind == Kind::object;
    if ((at(onto).kind != kind && !object) || (kind == Kind::dict && items.size() % 2 != 0))
      refuse("adds items to something that is not a container");
    push(onto);
    if (object && kind != Kind::dict) return;
    std::vector<int>& all = at(onto).items;
    all.insert(all.end(), items.begin(), items.end());
  }

  const PickleValue& expect(const std::vector<int>& items, std::size_t i, Kind kind) {
    if (i >= items.size() || at(items[i]).kind != kind) refuse("calls a function with the wrong arguments");
    return at(items[i]);
  }

  // A short tuple's items.
  std::vector<int> arguments(int tuple) {
    if (at(tuple).kind != Kind::sequence || at(tuple).items.size() > kMostArguments)
      refuse("calls a function with the wrong arguments");
    return at(tuple).items;
  }

  // ('storage', type, key, location, numel[, view])
  void storage() {
    std::vector<int> items = arguments(pop());
    if (expect(items, 0, Kind::text).text != "storage") refuse("has a storage of an unknown kind");
    std::string key = expect(items, 2, Kind::text).text;
    if (key.size() > kLongestName) refuse("has a name that is too long");
    std::int64_t numbers = expect(items, 4, Kind::integer).number;
    (void)expect(items, 1, Kind::name);
    if (items.size() > 5 && at(items[5]).kind != Kind::none) refuse("has a view of a storage, which is not supported");
    push(add(Kind::storage, numbers, std::move(key), {items[1]}));
  }

  void call() {
    int given = pop(), function = pop();
    if (at(function).kind != Kind::name) return push(add(Kind::object));
    std::string name = at(function).text;
    bool known = name == "collections OrderedDict" || name == "torch Size" ||
                 name == "torch._tensor _rebuild_from_type_v2" || name.starts_with("torch._utils _rebuild_");
    known ? call(name, arguments(given)) : push(add(Kind::object, 0, std::move(name)));
  }

  void call(const std::string& name, const std::vector<int>& items) {
    if (name == "collections OrderedDict") {
      push(add(Kind::dict, 0, "", items.empty() ? items : pairs(items)));
    } else if (name == "torch._tensor _rebuild_from_type_v2") {  // (function, type, its arguments, state)
      std::string function = expect(items, 0, Kind::name).text;
      (void)expect(items, 2, Kind::sequence);
      if (function == name) refuse("calls a function with the wrong arguments");
      call(function, arguments(items[2]));
    } else if (name == "torch._utils _rebuild_tensor_v2" || name == "torch._utils _rebuild_tensor") {
      (void)expect(items, 0, Kind::storage);
      (void)expect(items, 2, Kind::sequence);
      (void)expect(items, 3, Kind::sequence);
      push(add(Kind::tensor, expect(items, 1, Kind::integer).number, "", {items[0], items[2], items[3]}));
    } else if (name == "torch._utils _rebuild_parameter" || name == "torch._utils _rebuild_parameter_with_state") {
      (void)expect(items, 0, Kind::tensor);
      push(items[0]);
    } else if (name == "torch Size") {
      (void)expect(items, 0, Kind::sequence);
      push(items[0]);
    } else {
      push(add(Kind::object, 0, name));
    }
  }

  // Of OrderedDict([(key, value), …]).
  std::vector<int> pairs(const std::vector<int>& items) {
    std::vector<int> flat;
    const std::vector<int>& all = expect(items, 0, Kind::sequence).items;
    copied_ += all.size();
    if (copied_ > bytes_.size()) refuse("unpacks to far more than the file holds");
    for (int pair : all) {
      if (at(pair).kind != Kind::sequence || at(pair).items.size() != 2)
        refuse("has a dictionary whose items are not pairs");
      flat.insert(flat.end(), at(pair).items.begin(), at(pair).items.end());
    }
    return flat;
  }

  // cls.__new__(cls, *arguments), with keyword arguments or not.
  void new_object(bool keywords) {
    if (keywords) pop();
    pop();
    int type = pop();
    bool ordered = at(type).kind == Kind::name && at(type).text == "collections OrderedDict";
    push(ordered ? add(Kind::dict) : add(Kind::object, 0, at(type).text));
  }

  // Attributes, such as a dictionary's _metadata: of no interest.
  void build() { pop(); }

  void pop_mark() { (void)pop_to_mark(); }

  void long_number(std::size_t bytes) {
    std::string_view text = take(bytes);
    if (bytes > sizeof(std::int64_t)) return push(add(Kind::big, 0, std::string(text)));
    std::int64_t value = bytes > 0 && text.back() < 0 ? -1 : 0;
    std::memcpy(&value, text.data(), bytes);
    push(add(Kind::integer, value));
  }

  bool puts_value(char operation);
  bool fills_container(char operation);
  void step();

  std::span<const std::byte> bytes_;
  std::size_t place_ = 0, copied_ = 0;
  bool stopped_ = false;
  Pickle pickle_;
  std::vector<int> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint32_t, int> memo_;
};

// Operations that put a number, a text or nothing on the stack. False: it is none of them.
bool Machine::puts_value(char operation) {
  switch (operation) {
    case 'X':  // BINUNICODE
      push(add(Kind::text, 0, std::string(take(number<std::uint32_t>()))));
      return true;
    case 'K':  // BININT1
      push(add(Kind::integer, number<std::uint8_t>()));
      return true;
    case 'M':  // BININT2
      push(add(Kind::integer, number<std::uint16_t>()));
      return true;
    case 'J':  // BININT
      push(add(Kind::integer, number<std::int32_t>()));
      return true;
    case '\x8a':  // LONG1
      long_number(number<std::uint8_t>());
      return true;
    case '\x8b':  // LONG4
      long_number(number<std::uint32_t>());
      return true;
    case '\x8c':  // SHORT_BINUNICODE
      push(add(Kind::text, 0, std::string(take(number<std::uint8_t>()))));
      return true;
    case '\x8d':  // BINUNICODE8
      push(add(Kind::text, 0, std::string(take(number<std::uint64_t>()))));
      return true;
    case 'T':  // BINSTRING
      push(add(Kind::text, 0, std::string(take(number<std::uint32_t>()))));
      return true;
    case 'U':  // SHORT_BINSTRING
      push(add(Kind::text, 0, std::string(take(number<std::uint8_t>()))));
      return true;
    case 'C':  // SHORT_BINBYTES
      take(number<std::uint8_t>());
      push(add(Kind::none));
      return true;
    case 'B':  // BINBYTES
      take(number<std::uint32_t>());
      push(add(Kind::none));
      return true;
    case '\x8e':  // BINBYTES8
    case '\x96':  // BYTEARRAY8
      take(number<std::uint64_t>());
      push(add(Kind::none));
      return true;
    case 'G':  // BINFLOAT
      take(sizeof(double));
      push(add(Kind::none));
      return true;
    case 'N':     // NONE
    case '\x88':  // NEWTRUE
    case '\x89':  // NEWFALSE
      push(add(Kind::none));
      return true;
    default:
      return false;
  }
}

// Those that make or fill lists, tuples and dictionaries.
bool Machine::fills_container(char operation) {
  switch (operation) {
    case '}':  // EMPTY_DICT
      push(add(Kind::dict));
      return true;
    case ']':  // EMPTY_LIST
    case ')':  // EMPTY_TUPLE
      push(add(Kind::sequence));
      return true;
    case '\x8f':  // EMPTY_SET
      push(add(Kind::object));
      return true;
    case '\x90':  // ADDITEMS
      pop_mark();
      return true;
    case '\x91':  // FROZENSET
      pop_mark();
      push(add(Kind::object));
      return true;
    case 't':  // TUPLE
      push(add(Kind::sequence, 0, "", pop_to_mark()));
      return true;
    case '\x85':  // TUPLE1
    case '\x86':
    case '\x87':
      push(add(Kind::sequence, 0, "", pop_some(operation - '\x84')));
      return true;
    case 'a':  // APPEND
      extend(Kind::sequence, pop_some(1));
      return true;
    case 'e':  // APPENDS
      extend(Kind::sequence, pop_to_mark());
      return true;
    case 's':  // SETITEM
      extend(Kind::dict, pop_some(2));
      return true;
    case 'u':  // SETITEMS
      extend(Kind::dict, pop_to_mark());
      return true;
    default:
      return false;
  }
}

// The operations, by their letters in Lib/pickletools.py of Python.
void Machine::step() {
  auto operation = number<char>();
  if (puts_value(operation) || fills_container(operation)) return;
  switch (operation) {
    case '\x80':  // PROTO
      if (number<std::uint8_t>() > 5) refuse("uses a protocol later than 5");
      return;
    case '\x95':  // FRAME
      take(sizeof(std::uint64_t));
      return;
    case '.':  // STOP
      stopped_ = true;
      return;
    case '(':  // MARK
      return marks_.push_back(stack_.size());
    case 'c':  // GLOBAL
      return global();
    case '\x93':  // STACK_GLOBAL
      return stack_global();
    case '\x81':  // NEWOBJ
      return new_object(false);
    case '\x92':  // NEWOBJ_EX
      return new_object(true);
    case '0':  // POP
      pop();
      return;
    case '1':  // POP_MARK
      return pop_mark();
    case '\x94':  // MEMOIZE
      return remember(static_cast<std::uint32_t>(memo_.size()));
    case 'q':  // BINPUT
      return remember(number<std::uint8_t>());
    case 'r':  // LONG_BINPUT
      return remember(number<std::uint32_t>());
    case 'h':  // BINGET
      return recall(number<std::uint8_t>());
    case 'j':  // LONG_BINGET
      return recall(number<std::uint32_t>());
    case 'Q':  // BINPERSID
      return storage();
    case 'R':  // REDUCE
      return call();
    case 'b':  // BUILD
      return build();
    default:
      refuse(fmt::format("has operation {:#04x}, which torch.save() does not write",
                         static_cast<unsigned>(static_cast<unsigned char>(operation))));
  }
}

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes) { return Machine(bytes).run(); }

}  // namespace agewise::weights
