// Value <-> YAML: yaml-cpp reads, the text is our own: yaml-cpp's emitter neither keeps "yes" a string nor our order.
#include "config/scalar.hpp"
#include "config/value.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>

namespace pinion::core {

namespace {

constexpr int kDeepest = 64;
constexpr int kMostNodes = 100'000; // an anchor that names itself a thousandfold ends here

struct TooMuch {
  int line;
  const char *why;
};

class Converter {
public:
  Value convert(const YAML::Node &node, int depth) {
    const int line = node.Mark().line + 1;
    if (depth > kDeepest) throw TooMuch{line, "nested too deeply"};
    if (++nodes_ > kMostNodes) throw TooMuch{line, "too many values"};
    Value value;
    switch (node.Type()) {
    case YAML::NodeType::Scalar: value = scalar(node); break;
    case YAML::NodeType::Sequence:
      value = Value::list();
      for (const auto &item : node) value.items.push_back(convert(item, depth + 1));
      break;
    case YAML::NodeType::Map: value = map(node, depth); break;
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined: break;
    }
    if (const auto &tag = node.Tag(); tag.size() > 1 && tag.find("yaml.org,2002:") == std::string::npos)
      value.tag = tag;
    value.line = line;
    return value;
  }

private:
  static Value scalar(const YAML::Node &node) {
    const auto &tag = node.Tag();
    const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str" || tag == "tag:yaml.org,2002:binary";
    return quoted ? Value::string(node.Scalar()) : Value::plainText(node.Scalar());
  }

  Value map(const YAML::Node &node, int depth) {
    Value value = Value::map();
    std::vector<Value> merged;
    for (const auto &member : node) {
      if (!member.first.IsScalar()) throw TooMuch{member.first.Mark().line + 1, "a key must be a word"};
      const auto &key = member.first.Scalar();
      if (key == "<<" && member.first.Tag() == "?")
        merged.push_back(convert(member.second, depth + 1));
      else
        value.at(key) = convert(member.second, depth + 1);
    }
    for (const auto &from : merged) mergeInto(value, from);
    return value;
  }

  static void mergeInto(Value &value, const Value &from) {
    for (const auto &item : from.items) mergeInto(value, item);
    for (const auto &[key, entry] : from.members)
      if (!value.find(key)) value.members.emplace_back(key, entry);
  }

  int nodes_ = 0;
};

bool isPlainCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '.' || c == '-' || c == '+' || c == '@' || c == ':' || c == ' ' || c == '(' || c == ')';
}

// Whether `text` may stand without quotes at all; what it would then mean is another question.
bool canBePlain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), isPlainCharacter) && text.front() != ' ' &&
         text.back() != ' ' && text.back() != ':' && text.find(": ") == std::string_view::npos && text.front() != '@' &&
         text.front() != ':' && text.substr(0, 2) != "- " && text != "-" && text.substr(0, 3) != "---" &&
         text.substr(0, 3) != "...";
}

// Without quotes only what every YAML reader takes for a string: it begins as a word or a path does.
bool isPlainString(std::string_view text) {
  const char first = text.empty() ? '\0' : text.front();
  const bool word = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '/' || first == '_';
  return word && canBePlain(text) && !isNullText(text) && !boolFromText(text);
}

void appendQuoted(std::string &out, std::string_view text) {
  char escape[12];
  out.push_back('"');
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto rest = text.substr(i, 3);
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(text[i]);
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      std::snprintf(escape, sizeof escape, "\\x%02X", byte);
      out += escape;
    } else if (byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) { // C1 controls, NEL
      std::snprintf(escape, sizeof escape, "\\x%02X", static_cast<unsigned char>(rest[1]));
      out += escape;
      ++i;
    } else if (rest == "\xe2\x80\xa8" || rest == "\xe2\x80\xa9" || rest == "\xef\xbb\xbf") {
      out += rest[0] == '\xef' ? "\\uFEFF" : rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  out.push_back('"');
}

void appendText(std::string &out, std::string_view text) {
  if (isPlainString(text))
    out += text;
  else
    appendQuoted(out, text);
}

// A number as a key stays a number: some of our maps are keyed by numbers.
void appendKey(std::string &out, std::string_view key) {
  const bool number = !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos &&
                      (key.front() != '0' || key.size() == 1);
  if (number)
    out += key;
  else
    appendText(out, key);
  out.push_back(':');
}

void appendValue(std::string &out, const Value &value, int indent, bool in_list);

// `on_line`: the first member continues the current line ("- key: ...").
void appendMembers(std::string &out, const Value &map, int indent, bool on_line) {
  for (const auto &[key, value] : map.members) {
    if (!on_line) out.append(static_cast<std::size_t>(indent), ' ');
    on_line = false;
    appendKey(out, key);
    appendValue(out, value, indent, false);
  }
}

void appendTag(std::string &out, const std::string &tag) {
  if (tag.empty()) return;
  out += tag.front() == '!' ? " " + tag : " !<" + tag + ">";
}

// After "key:" or "-": the rest of the line, and the lines below it.
void appendValue(std::string &out, const Value &value, int indent, bool in_list) {
  appendTag(out, value.tag);
  const bool below = !value.items.empty() || !value.members.empty();
  if (!below) {
    out.push_back(' ');
    switch (value.kind) {
    case Value::Kind::null: out += "null"; break;
    case Value::Kind::plain:
      if (canBePlain(value.text))
        out += value.text;
      else
        appendQuoted(out, value.text);
      break;
    case Value::Kind::text: appendText(out, value.text); break;
    case Value::Kind::list: out += "[]"; break;
    case Value::Kind::map: out += "{}"; break;
    }
    out.push_back('\n');
    return;
  }
  const bool inline_map = in_list && value.kind == Value::Kind::map && value.tag.empty();
  out.push_back(inline_map ? ' ' : '\n');
  if (value.kind == Value::Kind::map) {
    appendMembers(out, value, indent + 2, inline_map);
    return;
  }
  const int inner = in_list ? indent + 2 : indent;
  for (const auto &item : value.items) {
    out.append(static_cast<std::size_t>(inner), ' ');
    out.push_back('-');
    appendValue(out, item, inner, true);
  }
}

} // namespace

Result<Value> parseYaml(const std::string &text, const std::string &name) {
  const auto wrong = [&](int line, const std::string &why) {
    return Error{Code::invalid, name + ":" + std::to_string(line) + ": " + why};
  };
  try {
    return Converter().convert(YAML::Load(text), 0);
  } catch (const TooMuch &much) {
    return wrong(much.line, much.why);
  } catch (const YAML::Exception &failed) {
    return wrong(failed.mark.line + 1, "this is not YAML: " + failed.msg);
  }
}

std::string yamlText(const Value &document) {
  std::string out;
  appendMembers(out, document, 0, false);
  if (out.empty()) out = "{}\n";
  return out;
}

} // namespace pinion::core
