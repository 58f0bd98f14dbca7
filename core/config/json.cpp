// JSON -> Value with Poco's parser and a handler of our own, which keeps the order, repeated keys, and 1 apart
// from 1.0.
#include "config/value.hpp"

#include <Poco/Exception.h>
#include <Poco/JSON/Handler.h>
#include <Poco/JSON/Parser.h>

#include <Poco/SharedPtr.h>

namespace pinion::core {

namespace {

class Builder : public Poco::JSON::Handler {
public:
  void reset() override {
    root_ = {};
    open_.clear();
  }
  void startObject() override { open_.push_back(&put(Value::map())); }
  void endObject() override { open_.pop_back(); }
  void startArray() override { open_.push_back(&put(Value::list())); }
  void endArray() override { open_.pop_back(); }
  void key(const std::string &name) override { open_.back()->members.emplace_back(name, Value{}); }
  void null() override { put({}); }
  void value(int number) override { put(Value::plainText(std::to_string(number))); }
  void value(unsigned number) override { put(Value::plainText(std::to_string(number))); }
  void value(Poco::Int64 number) override { put(Value::plainText(std::to_string(number))); }
  void value(Poco::UInt64 number) override { put(Value::plainText(std::to_string(number))); }
  void value(const std::string &text) override { put(Value::string(text)); }
  void value(bool on) override { put(Value::boolean(on)); }
  void value(double number) override {
    Value real = Value::number(number);
    if (real.text.find_first_of(".e") == std::string::npos) real.text += ".0";
    put(std::move(real));
  }

  Value take() { return std::move(root_); }

private:
  // A pointer into open_ stays good: a container gets no sibling while it is open.
  Value &put(Value value) {
    if (open_.empty()) return root_ = std::move(value);
    Value &parent = *open_.back();
    if (parent.kind == Value::Kind::list) return parent.items.emplace_back(std::move(value));
    return parent.members.back().second = std::move(value);
  }

  Value root_;
  std::vector<Value *> open_;
};

// The text up to the end of its first object or list; what follows is not looked at (http.md 1.4).
std::string_view firstValue(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) return text;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = i < text.size() && c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return text;
}

} // namespace

Result<Value> parseJson(const std::string &text) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Error{Code::invalid, "there is no JSON"};
  try {
    Poco::SharedPtr<Builder> builder(new Builder);
    Poco::JSON::Parser parser(builder);
    parser.parse(std::string(firstValue(text)));
    return builder->take();
  } catch (const Poco::Exception &failed) {
    return Error{Code::invalid, "this is not JSON: " + failed.message()};
  } catch (const std::exception &failed) {
    return Error{Code::invalid, std::string("this is not JSON: ") + failed.what()};
  }
}

} // namespace pinion::core
