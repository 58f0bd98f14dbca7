#include "standalone/demo_image.hpp"

#include "demo_files.hpp"
#include "docker/engine.hpp"
#include "log/log.hpp"
#include "standalone/folder_source.hpp"
#include "standalone/tar.hpp"

#include <Poco/URI.h>

#include <elf.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace pinion::core {

namespace {

constexpr std::chrono::seconds inspect_deadline{10}, import_deadline{60};
constexpr std::size_t max_program = 32 << 20;

constexpr const char *applets[] = {
    "[",      "ash",      "awk",  "base64", "basename", "cat",   "chmod", "clear", "cp",   "cut",   "date",
    "dd",     "df",       "diff", "du",     "echo",     "env",   "expr",  "false", "find", "free",  "grep",
    "head",   "hostname", "id",   "kill",   "ln",       "ls",    "mkdir", "mv",    "nc",   "nproc", "od",
    "printf", "ps",       "pwd",  "rm",     "rmdir",    "sed",   "seq",   "sh",    "sort", "sleep", "stat",
    "sync",   "tail",     "tar",  "test",   "time",     "top",   "touch", "tr",    "true", "uname", "uniq",
    "uptime", "vi",       "wc",   "wget",   "which",    "xargs", "yes"};

// The header's members as they are in the file: both word sizes have the ones used here.
template <typename Elf, typename Program> bool hasNoInterpreter(std::string_view elf) {
  Elf head;
  if (elf.size() < sizeof head) return false;
  std::memcpy(&head, elf.data(), sizeof head);
  if (head.e_phentsize != sizeof(Program) || head.e_phnum == 0) return false;
  for (std::size_t i = 0; i < head.e_phnum; ++i) {
    Program program;
    const std::size_t at = head.e_phoff + i * sizeof program;
    if (at > elf.size() || elf.size() - at < sizeof program) return false;
    std::memcpy(&program, elf.data() + at, sizeof program);
    if (program.p_type == PT_INTERP) return false;
  }
  return true;
}

std::string encoded(const std::string &text) {
  std::string out;
  Poco::URI::encode(text, "=&+\"/:[]{}$", out);
  return out;
}

Error failure(const std::string &image, const std::string &what) {
  return {Code::io, "the image " + image + " of the demonstration server cannot be made: " + what};
}

} // namespace

bool isStaticProgram(std::string_view elf) {
  if (elf.size() < EI_NIDENT || std::memcmp(elf.data(), ELFMAG, SELFMAG) != 0) return false;
  return elf[EI_CLASS] == ELFCLASS64 ? hasNoInterpreter<Elf64_Ehdr, Elf64_Phdr>(elf)
                                     : hasNoInterpreter<Elf32_Ehdr, Elf32_Phdr>(elf);
}

Result<std::string> findBusybox() {
  for (const char *path : {"/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static", "/usr/local/bin/busybox"}) {
    std::ifstream file(path, std::ios::binary);
    if (!file) continue;
    std::ostringstream contents;
    contents << file.rdbuf();
    std::string program = std::move(contents).str();
    if (program.size() <= max_program && isStaticProgram(program)) return program;
  }
  return Error{Code::notFound,
               "there is no statically linked busybox on this machine; install it with: apt-get install "
               "busybox-static"};
}

std::string demoRootFileSystem(std::string_view busybox) {
  TarWriter tar;
  for (const char *name :
       {"bin/", "dev/", "etc/", "home/", "mnt/", "mnt/server/", "proc/", "root/", "sys/", "usr/", "usr/bin/", "var/"})
    tar.folder(name);
  tar.folder("home/container/", 0777);
  tar.folder("tmp/", 01777);
  tar.file("bin/busybox", busybox, 0755);
  for (const char *applet : applets) tar.link(std::string("bin/") + applet, "busybox");
  tar.link("usr/bin/env", "../../bin/busybox");
  tar.file("bin/game", demo_game, 0755);
  tar.file("entrypoint.sh", demo_entrypoint, 0755);
  tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ncontainer:x:1000:1000::/home/container:/bin/sh\n");
  tar.file("etc/group", "root:x:0:\ncontainer:x:1000:\n");
  return tar.finish();
}

std::string importPath(const std::string &image) {
  const auto colon = image.find_last_of(':');
  const bool tagged = colon != std::string::npos && image.find('/', colon) == std::string::npos;
  std::string path = "/images/create?fromSrc=-&repo=" + encoded(image.substr(0, tagged ? colon : image.size())) +
                     "&tag=" + encoded(tagged ? image.substr(colon + 1) : "latest") +
                     "&message=" + encoded("made by Pinion for its demonstration server");
  for (const char *change : {"CMD [\"/bin/sh\", \"/entrypoint.sh\"]", "WORKDIR /home/container",
                             "ENV PATH=/bin:/usr/bin", "ENV HOME=/home/container"})
    path += "&changes=" + encoded(change);
  return path;
}

Result<void> ensureDemoImage(Engine &engine, const std::string &image) {
  auto found = engine.request("GET", "/images/" + image + "/json", "", inspect_deadline);
  if (!found) return failure(image, found.error().text);
  if (found->status == 200) return {};
  if (found->status != 404) return failure(image, "the engine answers " + std::to_string(found->status));
  auto busybox = findBusybox();
  if (!busybox) return failure(image, busybox.error().text);
  log::info("making the image of the demonstration server", {{"image", image}});
  auto made = engine.request("POST", importPath(image), demoRootFileSystem(*busybox), import_deadline);
  if (!made) return failure(image, made.error().text);
  // An error after the head was sent is a line of the answer.
  if (made->status != 200 || made->body.find("\"error\"") != std::string::npos)
    return failure(image, "the engine answers " + std::to_string(made->status) + ": " + made->body.substr(0, 512));
  return {};
}

} // namespace pinion::core
