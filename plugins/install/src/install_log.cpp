#include "install_log.hpp"

namespace install {

namespace {

constexpr std::string_view output_mark = "| Script Output\n| ------------------------------\n";

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&#34;"; break;
    case '\'': out += "&#39;"; break;
    case '+': out += "&#43;"; break;
    case '\0': out += "\xef\xbf\xbd"; break;
    default: out += c;
    }
  }
  return out;
}

} // namespace

std::string logHead(const LogHead &head) {
  std::string out = "Pterodactyl Server Installation Log\n\n|\n| Details\n| ------------------------------\n";
  out += "  Server UUID:          " + escaped(head.uuid) + "\n";
  out += "  Container Image:      " + escaped(head.image) + "\n";
  out += "  Container Entrypoint: " + escaped(head.entrypoint) + "\n";
  out += "\n|\n| Environment Variables\n| ------------------------------\n";
  for (const auto &variable : head.environment) out += "  " + escaped(variable) + "\n";
  out += "\n\n|\n";
  out += output_mark;
  return out;
}

std::string_view scriptOutput(std::string_view log) {
  const auto mark = log.find(output_mark);
  return mark == std::string_view::npos ? log : log.substr(mark + output_mark.size());
}

} // namespace install
