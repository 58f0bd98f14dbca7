#include "timestamp.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace activity {

namespace {

// Reads from the front of a text; `good` turns false at the first thing that is not as expected.
struct Reader {
  std::string_view rest;
  bool good = true;

  bool accept(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { good = accept(any_of) && good; }
  int number(std::size_t digits, int least, int most) {
    int out = 0;
    if (rest.size() < digits) return good = false, 0;
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + digits, out);
    if (failure != std::errc() || end != rest.data() + digits || out < least || out > most) return good = false, 0;
    rest.remove_prefix(digits);
    return out;
  }
};

std::string format(std::time_t seconds, std::string_view fraction) {
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text.data(), length);
  fraction = fraction.substr(0, 9);
  const std::size_t last = fraction.find_last_not_of('0');
  if (last != std::string_view::npos) out.append(".").append(fraction.substr(0, last + 1));
  return out + "Z";
}

} // namespace

std::string timestampOf(std::chrono::system_clock::time_point when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(when - seconds).count();
  std::array<char, 24> fraction{};
  std::snprintf(fraction.data(), fraction.size(), "%09lld", static_cast<long long>(rest));
  return format(std::chrono::system_clock::to_time_t(seconds), fraction.data());
}

std::optional<std::string> timestampFrom(std::string_view text) {
  Reader reader{text};
  std::tm parts{};
  parts.tm_year = reader.number(4, 1970, 9999) - 1900;
  reader.expect("-");
  parts.tm_mon = reader.number(2, 1, 12) - 1;
  reader.expect("-");
  parts.tm_mday = reader.number(2, 1, 31);
  reader.expect("Tt ");
  parts.tm_hour = reader.number(2, 0, 23);
  reader.expect(":");
  parts.tm_min = reader.number(2, 0, 59);
  reader.expect(":");
  parts.tm_sec = reader.number(2, 0, 60);
  if (!reader.good) return std::nullopt;
  std::string_view fraction;
  if (reader.accept(".")) {
    fraction = reader.rest.substr(0, reader.rest.find_first_not_of("0123456789"));
    if (fraction.empty()) return std::nullopt;
    reader.rest.remove_prefix(fraction.size());
  }
  reader.accept(" ");
  int offset = 0;
  if (!reader.accept("Zz")) {
    const bool west = !reader.rest.empty() && reader.rest.front() == '-';
    reader.expect("+-");
    offset = reader.number(2, 0, 23) * 3600;
    reader.accept(":");
    offset += reader.number(2, 0, 59) * 60;
    if (west) offset = -offset;
    if (reader.rest == " UTC") reader.rest = {};
  }
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  const int day = parts.tm_mday;
  const int leap = parts.tm_sec == 60 ? 1 : 0;
  parts.tm_sec -= leap;
  const std::time_t seconds = timegm(&parts) + leap;
  if (parts.tm_mday != day) return std::nullopt; // the 31st of a shorter month
  return format(seconds - offset, fraction);
}

bool isEarlier(std::string_view a, std::string_view b) {
  // Without the Z: then a time without a fraction is a prefix of, and less than, the ones with one.
  a.remove_suffix(1);
  b.remove_suffix(1);
  return a < b;
}

} // namespace activity
