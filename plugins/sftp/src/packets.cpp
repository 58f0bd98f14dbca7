#include "packets.hpp"

namespace sftp {

void putNumber(char *to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (24 - 8 * i));
}

std::uint32_t numberAt(const char *bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::optional<std::string_view> Reader::take(std::size_t count) {
  if (torn_ || count > rest_.size()) {
    torn_ = true;
    return std::nullopt;
  }
  const auto out = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return out;
}

std::optional<std::uint8_t> Reader::byte() {
  const auto bytes = take(1);
  if (!bytes) return std::nullopt;
  return static_cast<std::uint8_t>(bytes->front());
}

std::optional<std::uint32_t> Reader::number() {
  const auto bytes = take(4);
  if (!bytes) return std::nullopt;
  return numberAt(bytes->data());
}

std::optional<std::uint64_t> Reader::longNumber() {
  const auto bytes = take(8);
  if (!bytes) return std::nullopt;
  return std::uint64_t{numberAt(bytes->data())} << 32 | numberAt(bytes->data() + 4);
}

std::optional<std::string_view> Reader::text() {
  const auto length = number();
  if (!length) return std::nullopt;
  return take(*length);
}

std::optional<std::string> Reader::path() {
  const auto bytes = text();
  if (!bytes) return std::nullopt;
  if (bytes->size() > path_bytes || bytes->find('\0') != std::string_view::npos) {
    torn_ = true;
    return std::nullopt;
  }
  return std::string(*bytes);
}

std::optional<Attributes> Reader::attributes() {
  Attributes out;
  const auto flags = number();
  if (!flags) return std::nullopt;
  out.flags = *flags;
  if ((out.flags & attribute_size) != 0) out.size = longNumber().value_or(0);
  if ((out.flags & attribute_owner) != 0) {
    out.uid = number().value_or(0);
    out.gid = number().value_or(0);
  }
  if ((out.flags & attribute_mode) != 0) out.mode = number().value_or(0);
  if ((out.flags & attribute_times) != 0) {
    out.accessed_s = number().value_or(0);
    out.modified_s = number().value_or(0);
  }
  if ((out.flags & attribute_extended) != 0) {
    // The count is the client's word: what ends the loop is the end of the packet.
    const auto pairs = number().value_or(0);
    for (std::uint32_t i = 0; i < pairs && !torn_; ++i) {
      text();
      text();
    }
  }
  if (torn_) return std::nullopt;
  return out;
}

Writer::Writer(std::string &out, Type type) : out_(out), start_(out.size()) {
  out_.append(4, '\0');
  out_.push_back(static_cast<char>(type));
}

Writer &Writer::number(std::uint32_t value) {
  char bytes[4];
  putNumber(bytes, value);
  out_.append(bytes, sizeof bytes);
  return *this;
}

Writer &Writer::longNumber(std::uint64_t value) {
  return number(static_cast<std::uint32_t>(value >> 32)).number(static_cast<std::uint32_t>(value));
}

Writer &Writer::text(std::string_view value) {
  number(static_cast<std::uint32_t>(value.size()));
  out_.append(value);
  return *this;
}

Writer &Writer::attributes(const Attributes &value) {
  number(value.flags);
  if ((value.flags & attribute_size) != 0) longNumber(value.size);
  if ((value.flags & attribute_owner) != 0) number(value.uid).number(value.gid);
  if ((value.flags & attribute_mode) != 0) number(value.mode);
  if ((value.flags & attribute_times) != 0) number(value.accessed_s).number(value.modified_s);
  return *this;
}

void Writer::end() { putNumber(out_.data() + start_, static_cast<std::uint32_t>(out_.size() - start_ - 4)); }

void writeStatus(std::string &out, std::uint32_t id, Status status, std::string_view text) {
  Writer(out, Type::status).number(id).number(static_cast<std::uint32_t>(status)).text(text).text("en").end();
}

void writeDataHead(char *to, std::uint32_t id, std::uint32_t count) {
  putNumber(to, count + data_head_bytes - 4);
  to[4] = static_cast<char>(Type::data);
  putNumber(to + 5, id);
  putNumber(to + 9, count);
}

} // namespace sftp
