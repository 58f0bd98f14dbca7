// A document as a tree: what stands between YAML, JSON and the Config. Members keep their order.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinion::core {

struct Value {
  enum class Kind { null, plain, text, list, map };
  using Member = std::pair<std::string, Value>;

  Kind kind = Kind::null;
  int line = 0;                // in the file it was read from, from 1; 0: none
  std::string text;            // plain: the scalar as YAML spells it (true, 0755, 1.5); text: a string
  std::string tag;             // of a YAML value that has one of its own
  std::vector<Value> items;    // list
  std::vector<Member> members; // map
  bool closed = false;         // map: the members are all there are; the file's others were taken out on purpose

  static Value string(std::string text);
  static Value plainText(std::string text);
  static Value boolean(bool on) { return plainText(on ? "true" : "false"); }
  static Value number(double number); // the shortest text that reads back as the same number
  static Value map();
  static Value list();

  [[nodiscard]] bool isScalar() const { return kind == Kind::plain || kind == Kind::text; }
  [[nodiscard]] const Value *find(std::string_view key) const; // of a map; null when absent
  Value &at(const std::string &key);                           // of a map; adds it at the end
  // The value at a dotted path ("api.ssl.key"), or null.
  [[nodiscard]] const Value *findPath(std::string_view path) const;
  // The value at a JSON pointer. Code::notFound names the pointer.
  [[nodiscard]] Result<const Value *> pointer(std::string_view pointer) const;
};

// Reads the first document of a YAML text. Anchors are expanded and "<<" is merged. `name` is the file's name for
// errors.
Result<Value> parseYaml(const std::string &text, const std::string &name);
// Block style, two spaces, as the reference daemon writes it; every string reads back as the same string.
std::string yamlText(const Value &document);

// Reads the first JSON value of the text.
Result<Value> parseJson(const std::string &text);
// A plain scalar becomes what YAML says it is: null, a boolean, a number or a string.
void appendJson(std::string &out, const Value &value);

} // namespace pinion::core
