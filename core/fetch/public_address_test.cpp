#include "fetch/public_address.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>

#include <string>

namespace {

bool isPublic(const std::string &text) {
  sockaddr_storage address{};
  if (text.find(':') == std::string::npos) {
    auto &four = reinterpret_cast<sockaddr_in &>(address);
    four.sin_family = AF_INET;
    REQUIRE(inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1);
  } else {
    auto &six = reinterpret_cast<sockaddr_in6 &>(address);
    six.sin6_family = AF_INET6;
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1);
  }
  return pinion::core::fetch::isPublic(address);
}

} // namespace

TEST_CASE("IPv4 addresses of this machine and of private networks are not public, their neighbours are") {
  for (const auto *text :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",  "100.64.0.0",     "100.127.255.255",
        "127.0.0.1",       "127.255.255.255", "169.254.0.0",     "169.254.169.254", "172.16.0.0",     "172.31.255.255",
        "192.0.0.192",     "192.168.0.0",     "192.168.255.255", "198.18.0.0",      "198.19.255.255", "224.0.0.1",
        "239.255.255.255", "240.0.0.1",       "255.255.255.255"}) {
    INFO(text);
    CHECK_FALSE(isPublic(text));
  }
  for (const auto *text :
       {"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "203.0.113.7", "223.255.255.255", "8.8.8.8"}) {
    INFO(text);
    CHECK(isPublic(text));
  }
}

TEST_CASE("IPv6 addresses of this machine and of private networks are not public, also where they carry IPv4") {
  for (const auto *text : {"::",
                           "::1",
                           "::2",
                           "::127.0.0.1",
                           "::8.8.8.8",
                           "::ffff:127.0.0.1",
                           "::ffff:10.1.2.3",
                           "::ffff:0.0.0.0",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::192.168.1.1",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "fc00::",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "feff::1",
                           "ff01::1",
                           "ff02::1",
                           "ffff::",
                           "2002:7f00:1::1",
                           "2002:a00:1::",
                           "2002:c0a8:101::1",
                           "2001:0:7f00:1::",
                           "2001:0:808:808:0:0:80ff:fffe"}) {
    INFO(text);
    CHECK_FALSE(isPublic(text));
  }
  for (const auto *text : {"2001:4860:4860::8888", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
                           "2002:808:808::1", "2001:0:808:808:0:0:f7f7:f7f7", "2001:db8::1", "fbff::1", "3fff::1"}) {
    INFO(text);
    CHECK(isPublic(text));
  }
}

TEST_CASE("What is no IP address is not public") {
  sockaddr_storage address{};
  CHECK_FALSE(pinion::core::fetch::isPublic(address));
  address.ss_family = AF_UNIX;
  CHECK_FALSE(pinion::core::fetch::isPublic(address));
}
