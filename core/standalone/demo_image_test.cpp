#include "standalone/demo_image.hpp"

#include "docker/engine.hpp"
#include "standalone/folder_source.hpp"
#include "standalone/tar.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

#include <catch2/catch.hpp>

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>

using namespace pinion::core;

namespace {

std::string elf(std::uint32_t program_type) {
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 1;
  Elf64_Phdr program{};
  program.p_type = program_type;
  std::string out(reinterpret_cast<const char *>(&head), sizeof head);
  return out.append(reinterpret_cast<const char *>(&program), sizeof program);
}

// An engine that has no image until one is imported.
class FakeEngine : public Poco::Net::HTTPRequestHandlerFactory {
public:
  Poco::Net::HTTPRequestHandler *createRequestHandler(const Poco::Net::HTTPServerRequest &) override {
    return new Handler(*this);
  }
  std::mutex mutex;
  std::string imported, path, refusal;
  int inspected = 0;

private:
  struct Handler : Poco::Net::HTTPRequestHandler {
    explicit Handler(FakeEngine &fake) : engine(fake) {}
    void handleRequest(Poco::Net::HTTPServerRequest &request, Poco::Net::HTTPServerResponse &response) override {
      std::string body;
      if (request.getMethod() == "POST") Poco::StreamCopier::copyToString(request.stream(), body);
      const std::lock_guard lock(engine.mutex);
      const std::string &uri = request.getURI();
      std::string answer = "{}";
      response.set("Api-Version", "1.41");
      if (uri.find("/images/create?") != std::string::npos) {
        engine.path = uri;
        engine.imported = body;
        answer = engine.refusal.empty() ? "{\"status\":\"sha256:1\"}\n" : engine.refusal;
      } else if (uri.find("/images/") != std::string::npos) {
        ++engine.inspected;
        if (engine.imported.empty()) response.setStatus(Poco::Net::HTTPResponse::HTTP_NOT_FOUND);
      }
      response.setContentLength(static_cast<std::streamsize>(answer.size()));
      response.send() << (request.getMethod() == "HEAD" ? "" : answer);
    }
    FakeEngine &engine;
  };
};

struct Served {
  FakeEngine *fake = new FakeEngine; // the server's
  Poco::Net::ServerSocket socket{Poco::Net::SocketAddress("127.0.0.1", 0)};
  Poco::Net::HTTPServer server{fake, socket, new Poco::Net::HTTPServerParams};
  Served() { server.start(); }
  ~Served() { server.stopAll(true); }
  std::string address() const { return "tcp://127.0.0.1:" + std::to_string(socket.address().port()); }
};

} // namespace

TEST_CASE("a program is static when it asks for no interpreter") {
  CHECK(isStaticProgram(elf(PT_LOAD)));
  CHECK_FALSE(isStaticProgram(elf(PT_INTERP)));
  CHECK_FALSE(isStaticProgram(""));
  CHECK_FALSE(isStaticProgram("#!/bin/sh\n"));
  CHECK_FALSE(isStaticProgram(elf(PT_LOAD).substr(0, 70)));
  std::string far = elf(PT_LOAD);
  Elf64_Ehdr head;
  std::memcpy(&head, far.data(), sizeof head);
  head.e_phoff = ~std::uint64_t{0} - 8;
  std::memcpy(far.data(), &head, sizeof head);
  CHECK_FALSE(isStaticProgram(far));
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::ostringstream contents;
  contents << self.rdbuf();
  CHECK_FALSE(isStaticProgram(contents.str())); // this test is linked dynamically
}

TEST_CASE("an archive is what tar understands") {
  TarWriter tar;
  tar.folder("d/");
  tar.file("d/a", "hello", 0755);
  tar.file("d/empty", "");
  tar.file("d/block", std::string(512, 'x'));
  tar.link("d/l", "a");
  const std::string archive = tar.finish();
  CHECK(archive.size() == 512 * (5 + 2 + 2));
  CHECK(archive.substr(257, 5) == "ustar");
  char place[] = "/tmp/pinion-tar-XXXXXX";
  REQUIRE(::mkdtemp(place) != nullptr);
  const std::string folder = place;
  std::ofstream(folder + "/x.tar", std::ios::binary) << archive;
  REQUIRE(std::system(("tar -C " + folder + " -xf " + folder + "/x.tar").c_str()) == 0);
  CHECK(std::system(("test \"$(cat " + folder + "/d/l)\" = hello && test -x " + folder + "/d/a && test ! -s " + folder +
                     "/d/empty && test $(wc -c < " + folder + "/d/block) = 512")
                        .c_str()) == 0);
  CHECK(std::system(("rm -r " + folder).c_str()) == 0);
  CHECK_THROWS(TarWriter().folder(std::string(101, 'x')));
}

TEST_CASE("the import names the repository, the tag and how the image runs") {
  CHECK_THAT(importPath("pinion/demo:latest"),
             Catch::StartsWith("/images/create?fromSrc=-&repo=pinion%2Fdemo&tag=latest&"));
  CHECK_THAT(importPath("pinion/demo"), Catch::Contains("repo=pinion%2Fdemo&tag=latest"));
  CHECK_THAT(importPath("host:5000/demo"), Catch::Contains("repo=host%3A5000%2Fdemo&tag=latest"));
  CHECK_THAT(importPath("pinion/demo"), Catch::Contains("&changes=WORKDIR%20%2Fhome%2Fcontainer"));
}

TEST_CASE("the image is made once, when the engine has none") {
  if (!findBusybox()) {
    WARN("no static busybox here: the import is not tested");
    return;
  }
  Served served;
  Engine engine(served.address());
  const auto made = ensureDemoImage(engine, "pinion/demo:latest");
  if (!made) FAIL(made.error().text);
  {
    const std::lock_guard lock(served.fake->mutex);
    CHECK_THAT(served.fake->path, Catch::Contains("repo=pinion%2Fdemo"));
    CHECK(served.fake->imported.size() % 512 == 0);
    CHECK(served.fake->imported.find("bin/game") != std::string::npos);
    CHECK(served.fake->imported.find("Done! For help") != std::string::npos);
    served.fake->path.clear();
  }
  CHECK(ensureDemoImage(engine, "pinion/demo:latest"));
  const std::lock_guard lock(served.fake->mutex);
  CHECK(served.fake->path.empty());
  CHECK(served.fake->inspected == 2);
}

TEST_CASE("an import that the engine refuses on the way is an error") {
  if (!findBusybox()) return;
  Served served;
  served.fake->refusal = "{\"status\":\"x\"}\n{\"error\":\"no space left\",\"errorDetail\":{}}\n";
  Engine engine(served.address());
  const auto made = ensureDemoImage(engine, "pinion/demo:latest");
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().text, Catch::Contains("no space left") && Catch::Contains("pinion/demo:latest"));
}

TEST_CASE("an engine that does not answer is named") {
  Engine engine("tcp://127.0.0.1:1");
  const auto made = ensureDemoImage(engine, "pinion/demo:latest");
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().text, Catch::Contains("127.0.0.1:1"));
}
