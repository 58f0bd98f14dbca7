#include <pinion/cpp/uuid.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace pinion;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view kGood = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";

} // namespace

TEST_CASE("a UUID is of any version and of either case") {
  CHECK(isUuid(kGood));
  CHECK(isUuid("3FD3E129-0DC3-4F0E-9A36-68526CABFBCF"));
  CHECK(isUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
  CHECK(isUuid("00000000-0000-0000-0000-000000000000"));
}

TEST_CASE("the Panel writes version 4 in lower case") {
  CHECK(isPanelUuid(kGood));
  for (const char variant : {'8', '9', 'a', 'b'})
    CHECK(isPanelUuid(std::string("00000000-0000-4000-") + variant + "000-000000000000"));
  for (const auto *text : {"00000000-0000-0000-0000-000000000000", "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                           "3FD3E129-0DC3-4F0E-9A36-68526CABFBCF", "3fd3e129-0dc3-4f0e-9a36-68526cabfbcF",
                           "3fd3e129-0dc3-4f0e-7a36-68526cabfbcf", "3fd3e129-0dc3-4f0e-ca36-68526cabfbcf"}) {
    CHECK(isUuid(text));
    CHECK_FALSE(isPanelUuid(text));
  }
}

TEST_CASE("what is no UUID could lead anywhere, and is told apart whatever its length") {
  for (const auto text :
       {""sv, "x"sv, "../../etc"sv, "3fd3e1290dc34f0e9a3668526cabfbcf"sv, "3fd3e129-0dc3-4f0e-9a36-68526cabfbc"sv,
        "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf\n"sv, "{3fd3e129-0dc3-4f0e-9a36-68526cabfbcf}"sv,
        "3fd3e129-0dc3-4f0e-9a36-68526cabfbcg"sv, "3fd3e129_0dc3-4f0e-9a36-68526cabfbcf"sv,
        "3fd3e12-90dc3-4f0e-9a36-68526cabfbcf"sv, "3fd3e129-0dc3-4f0e-9a36-../../../etc"sv,
        "3fd3e129-0dc3-4f0e-9a36-68526cabfbc\0"sv, "------------------------------------"sv}) {
    CHECK_FALSE(isUuid(text));
    CHECK_FALSE(isPanelUuid(text));
  }
}
