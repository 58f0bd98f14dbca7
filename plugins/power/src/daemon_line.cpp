#include "daemon_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace power {

namespace {

using Tag = std::pair<std::string_view, std::string_view>;

constexpr std::array<Tag, 49> tags{{
    {"default", "39"},
    {"black", "30"},
    {"red", "31"},
    {"green", "32"},
    {"yellow", "33"},
    {"blue", "34"},
    {"magenta", "35"},
    {"cyan", "36"},
    {"light_gray", "37"},
    {"dark_gray", "90"},
    {"light_red", "91"},
    {"light_green", "92"},
    {"light_yellow", "93"},
    {"light_blue", "94"},
    {"light_magenta", "95"},
    {"light_cyan", "96"},
    {"white", "97"},
    {"_default_", "49"},
    {"_black_", "40"},
    {"_red_", "41"},
    {"_green_", "42"},
    {"_yellow_", "43"},
    {"_blue_", "44"},
    {"_magenta_", "45"},
    {"_cyan_", "46"},
    {"_light_gray_", "47"},
    {"_dark_gray_", "100"},
    {"_light_red_", "101"},
    {"_light_green_", "102"},
    {"_light_yellow_", "103"},
    {"_light_blue_", "104"},
    {"_light_magenta_", "105"},
    {"_light_cyan_", "106"},
    {"_white_", "107"},
    {"bold", "1"},
    {"dim", "2"},
    {"underline", "4"},
    {"blink_slow", "5"},
    {"blink_fast", "6"},
    {"invert", "7"},
    {"hidden", "8"},
    {"reset", "0"},
    {"reset_bold", "21"},
    {"reset_dim", "22"},
    {"reset_underline", "24"},
    {"reset_blink", "25"},
    {"reset_invert", "27"},
    {"reset_hidden", "28"},
    {"italic", "3"},
}};

} // namespace

std::string colored(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool any = false;
  while (!text.empty()) {
    const auto open = text.find('[');
    out.append(text.substr(0, open));
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const auto close = text.find(']');
    const auto name = close == std::string_view::npos ? std::string_view() : text.substr(1, close - 1);
    const auto *tag = std::find_if(tags.begin(), tags.end(), [&](const Tag &one) { return one.first == name; });
    if (tag == tags.end()) {
      out += '[';
      text.remove_prefix(1);
      continue;
    }
    out.append("\x1b[").append(tag->second).append("m");
    any = true;
    text.remove_prefix(close + 1);
  }
  if (any) out.append("\x1b[0m");
  return out;
}

std::string daemonLine(std::string_view app_name, std::string_view text) {
  std::string line = "[yellow][bold][";
  line.append(app_name).append(" Daemon]:[default] ").append(text);
  return colored(line);
}

} // namespace power
