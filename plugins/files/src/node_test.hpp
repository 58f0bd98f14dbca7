// A node with one server and the files plugin, for its tests.
#pragma once

#include "plugin.hpp"

#include <pinion/cpp/request_body.hpp>
#include <pinion/testing/fake_host.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace pinion::files::testing {

using pinion::testing::FakeRequest;

inline const std::string kServer = "3fd3e129-0dc3-4f0e-9a36-68526cabfbcf";
inline const std::string kFiles = "/api/servers/" + kServer + "/files/";
inline const Json kGeneric = {{"error", kGenericFailure}, {"request_id", "fake-request"}};
inline const Json kMissing = {{"error", "The requested resources was not found on the system."},
                              {"request_id", "fake-request"}};
inline const Json kFull = {{"error", "There is not enough disk space available to perform that action."},
                           {"request_id", "fake-request"}};

struct Node {
  pinion::testing::FakeHost fake{"files"};
  pinion::testing::Running<FilesPlugin> plugin{fake, "files"};
  std::filesystem::path root;

  explicit Node(const Json &facts = Json::object()) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    fake.node = {{"api", {{"upload_limit", 1}, {"disable_remote_download", false}}}};
    fake.node.update(facts);
    fake.addServer(kServer);
    root = fake.serverFolder(kServer);
    REQUIRE(plugin.start());
  }
  ~Node() { CHECK(fake.misuse().empty()); }

  void put(const std::string &name, const std::string &bytes) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << bytes;
  }
  std::string read(const std::string &name) {
    std::ifstream in(root / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  bool there(const std::string &name) { return std::filesystem::exists(std::filesystem::symlink_status(root / name)); }
  auto get(const std::string &target) { return fake.request("GET", kFiles + target); }
  auto post(const std::string &route, const Json &body) { return fake.request("POST", kFiles + route, body.dump()); }
  auto write(const std::string &name, const std::string &bytes) {
    FakeRequest request;
    request.method = "POST";
    request.target = kFiles + "write?file=" + name;
    request.body = bytes;
    request.headers["Content-Length"] = std::to_string(bytes.size());
    return fake.request(request);
  }
  FakeRequest link(const std::string &method, const std::string &target, Json claims) {
    FakeRequest request;
    request.method = method;
    request.target = target;
    claims["server_uuid"] = claims.value("server_uuid", kServer);
    claims["unique_id"] = claims.value("unique_id", std::to_string(++links));
    claims["exp"] = 4102444800;
    request.claims = std::move(claims);
    return request;
  }
  auto upload(const std::string &body, const std::string &type = "multipart/form-data; boundary=B") {
    auto request = link("POST", "/upload/file?directory=/in//x/..", {{"user_uuid", "u-1"}});
    request.body = body;
    request.headers["Content-Type"] = type;
    return fake.request(request);
  }
  int links = 0;
};

} // namespace pinion::files::testing
