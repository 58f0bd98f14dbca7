// Reading JSON text front to back, as strictly as Go decodes into typed fields: a wrong type is refused and named by
// its key, null leaves a field as it was, keys match in any case. Poco's parser gives numbers as doubles; here the text
// of a value can be kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinion::core {

// One thread. After the first failure every read does nothing and loops end, so that callers check once, at the end.
class JsonCursor {
public:
  enum class Kind { object, array, string, number, boolean, null, bad };
  explicit JsonCursor(std::string_view text); // must outlive the cursor

  [[nodiscard]] Kind kind(); // of the next value
  // Calls `each(key)` for every member; it must read the value or leave it, then it is skipped. Null: no members.
  template <typename F> void object(F &&each) {
    if (!open('{', "an object")) return;
    for (std::string key; member(key);) {
      const Path path(*this, key);
      const std::size_t before = here();
      each(std::string_view(key));
      if (at_ == before) skip();
    }
  }
  // As object(), where an empty list stands for an empty map (PHP writes an empty map so).
  template <typename F> void map(F &&each) {
    if (kind() == Kind::array) return emptyArray();
    object(std::forward<F>(each));
  }
  // Calls `each()` for every element, as object().
  template <typename F> void array(F &&each) {
    if (!open('[', "a list")) return;
    for (std::size_t index = 0; element(); ++index) {
      const Path path(*this, index);
      const std::size_t before = here();
      each();
      if (at_ == before) skip();
    }
  }
  // Null leaves `out` as it is. The target's range is checked.
  void read(std::string &out);
  void read(bool &out);
  void read(std::int64_t &out);
  void read(int &out);
  void read(std::uint16_t &out);
  void read(std::vector<std::string> &out); // replaces; null elements are ""
  void read(std::vector<int> &out);         // replaces; null elements are 0
  void skip();
  // The value as text without white space; strings as appendJsonString writes them, numbers as they came.
  [[nodiscard]] std::string compact();
  void finish(); // refuses text after the value

  void refuse(const std::string &expected); // "<key>: expected <expected>" for the value in hand
  void fail(const std::string &what);       // "<key>: <what>"
  [[nodiscard]] bool failed() const { return !error_.empty(); }
  [[nodiscard]] const std::string &error() const { return error_; }

private:
  // Keeps path_ at the value in hand.
  class Path {
  public:
    Path(JsonCursor &cursor, std::string_view key);
    Path(JsonCursor &cursor, std::size_t index);
    ~Path() { cursor_.path_.resize(length_); }
    Path(const Path &) = delete;
    Path &operator=(const Path &) = delete;

  private:
    JsonCursor &cursor_;
    std::size_t length_;
  };
  void space();
  std::size_t here() {
    space();
    return at_;
  }
  bool open(char bracket, const char *expected);
  bool member(std::string &key);
  bool element();
  bool next(char closing);
  void emptyArray();
  bool isNull();
  std::string_view number();
  bool literal(std::string_view word);
  bool string(std::string &out);
  bool escape(std::string &out);
  int hex4();
  void compactInto(std::string &out);
  template <typename T> void integer(T &out, const char *expected);

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<bool> fresh_; // for each open bracket: nothing read of it yet
  std::string path_, error_;
};

// Whether two names are the same, letter case apart (ASCII), as Go matches keys.
bool sameKey(std::string_view a, std::string_view b);

} // namespace pinion::core
