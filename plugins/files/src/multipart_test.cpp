#include "multipart.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

using namespace pinion::files;

namespace {

struct Got {
  std::string name, file, data;
  bool operator==(const Got &) const = default;
};

// The parts, read in pieces of `step` bytes; nullopt when the body is malformed.
std::optional<std::vector<Got>> read(const std::string &body, std::size_t step, const std::string &boundary = "B") {
  Multipart form(boundary);
  std::vector<Got> out;
  for (std::size_t at = 0;;) {
    switch (form.next()) {
    case Multipart::Event::more: {
      const std::size_t n = std::min({step, form.roomSize(), body.size() - at});
      if (n == 0) form.ended();
      std::memcpy(form.room(), body.data() + at, n);
      form.filled(n);
      at += n;
      break;
    }
    case Multipart::Event::part: out.push_back({form.part().name, form.part().file_name.value_or("-"), ""}); break;
    case Multipart::Event::data: out.back().data += form.data(); break;
    case Multipart::Event::part_end: break;
    case Multipart::Event::end: CHECK(form.next() == Multipart::Event::end); return out;
    case Multipart::Event::malformed: CHECK(form.next() == Multipart::Event::malformed); return std::nullopt;
    }
  }
}

std::string part(const std::string &disposition, const std::string &data) {
  return "--B\r\nContent-Disposition: " + disposition + "\r\nContent-Type: x/y\r\n\r\n" + data + "\r\n";
}
const std::string kFile = "form-data; name=\"files\"; filename=\"a.txt\"";

} // namespace

TEST_CASE("parts come out as they went in, however the bytes arrive") {
  const std::size_t step = GENERATE(1, 2, 7, 100, 1 << 20);
  std::string big(700'000, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big.replace(i, 4, "\r\n--");
  const std::string body = "preamble\r\n" + part(kFile, "one") + part("form-data; name=field", "") +
                           part(kFile, "\r\n--Bx\r\n--\r\n-") + (step > 2 ? part(kFile, big) : "") + "--B--\r\nrest";
  std::vector<Got> expected = {
      {"files", "a.txt", "one"}, {"field", "-", ""}, {"files", "a.txt", "\r\n--Bx\r\n--\r\n-"}};
  if (step > 2) expected.push_back({"files", "a.txt", big});
  CHECK(read(body, step) == expected);
}

TEST_CASE("line ends without a carriage return, blanks after a boundary and parts without headers are read") {
  CHECK(read("--B \nContent-Disposition: form-data; name=a\n\nx\n--B\t\n\ny\n--B--", 3) ==
        std::vector<Got>{{"a", "-", "x"}, {"", "-", "y"}});
  CHECK(read("--B\r\n\r\n--B--", 2) == std::vector<Got>{{"", "-", ""}});
  CHECK(read("--B--", 1) == std::vector<Got>{});
}

TEST_CASE("a form that is cut off or is none is malformed") {
  const std::string body =
      GENERATE(std::string(), "garbage", "--B", "--B\r\n", "--B\r\nContent-Disposition: x", "--B\r\n\r\nno end",
               "--B\r\n\r\nx\r\n--B", "--B\r\n\r\nx\r\n--B-", "--B\r\n\r\nx\r\n--B \tjunk\r\n");
  CHECK_FALSE(read(body, 4));
}

TEST_CASE("headers and parts without end are refused, and cost one window") {
  CHECK_FALSE(read("--B\r\nX: " + std::string(10 << 20, 'h'), 1 << 16));
  CHECK_FALSE(read("--B\r\n" + std::string(Multipart::kMaxHeaders + 2, 'h') + "\r\n\r\nx\r\n--B--", 1 << 16));
  std::string many;
  for (std::size_t i = 0; i < Multipart::kMaxParts; ++i) many += "--B\r\n\r\n\r\n";
  CHECK(read(many + "--B--", 1 << 16)->size() == Multipart::kMaxParts);
  CHECK_FALSE(read(many + "--B\r\n\r\n\r\n--B--", 1 << 16));
  CHECK(read(std::string(3 << 20, 'p') + "\n--B--", 1 << 16) == std::vector<Got>{}); // a preamble is passed over
}

TEST_CASE("the boundary is that of a form") {
  CHECK(formBoundary("multipart/form-data; boundary=abc") == "abc");
  CHECK(formBoundary("Multipart/Form-Data ; charset=x; Boundary=\"a b\"") == "a b");
  for (const char *none : {"", "text/plain", "multipart/mixed; boundary=a", "multipart/form-data",
                           "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a"})
    CHECK_FALSE(formBoundary(none));
}

TEST_CASE("names in a disposition may be quoted, escaped and encoded") {
  const auto [header, file] = GENERATE(table<std::string, std::string>({
      {R"(form-data; name="files"; filename="a \"b\".txt")", "a \"b\".txt"},
      {R"(form-data; name=files; filename="C:\temp\x.txt")", "C:\\temp\\x.txt"},
      {R"(form-data; name="files"; filename="..\\up.txt")", "..\\up.txt"},
      {R"(form-data; name="files"; filename="semi;colon=x")", "semi;colon=x"},
      {"form-data; name=\"files\"; filename=\"\xe7\x8c\xab\"", "\xe7\x8c\xab"},
      {R"(form-data; name="files"; filename*=utf-8''%e7%8c%ab%zz)", "\xe7\x8c\xab%zz"},
      {R"(form-data; NAME="files"; FileName=plain)", "plain"},
  }));
  const Part found = readDisposition(header);
  CHECK(found.name == "files");
  CHECK(found.file_name == file);
  CHECK_FALSE(readDisposition("form-data; name=\"files\"").file_name);
  CHECK_FALSE(readDisposition("attachment; filename=x").file_name);
  CHECK(dispositionFileName("attachment; filename=\"x.zip\"") == "x.zip");
  CHECK_FALSE(dispositionFileName("attachment"));
}
