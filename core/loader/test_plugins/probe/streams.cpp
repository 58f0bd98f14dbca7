// Archives, downloads, and the descriptors that they read and write.
#include "probe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace probe {
namespace {

// The name of the thread, as the daemon names its threads, without the number.
std::string threadName() {
  char name[16] = "";
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return std::string(name, std::strcspn(name, "-0123456789"));
}

void archiveDone(void *, pinion_status status, pinion_span answer) {
  tell("probe.done", "archive " + std::to_string(status) + " " + text(answer));
  tell("probe.thread", threadName());
}
void archiveTold(void *, pinion_span progress) { tell("probe.progress", text(progress)); }

// Begins an archive with the descriptor called w[1], as often as w[4] says; tells of the last time.
std::string archive(const Words &w, decltype(pinion_archives_v1::pack) begin) { // name, server, options, times
  Out out;
  std::string said;
  const auto fd = ids.find("fd " + w[1]);
  for (int i = 0; i < std::stoi(w[4]); ++i)
    said = out.say(begin(host, w[2].c_str(), fd == ids.end() ? -1 : static_cast<int32_t>(fd->second), span(w[3]),
                         &archiveTold, &archiveDone, nullptr, &ids[w[1]], &out.error));
  return said;
}

std::atomic<pinion_fetch *> head_of = nullptr;
pinion_status fetchHead(void *) {
  Out out;
  const pinion_status status = t.fetch->head(head_of, &out.sink, &out.error);
  tell("probe.head", out.say(status));
  return PINION_OK;
}

} // namespace

Operations streamOperations() {
  return {
      {"pack", [](const Words &w) { return archive(w, t.archives->pack); }},
      {"unpack", [](const Words &w) { return archive(w, t.archives->unpack); }},
      {"keep-open",
       [](const Words &w) { // name, server, path, flags: until let-go
         Out out;
         const int32_t fd = t.files->open(host, w[2].c_str(), w[3].c_str(), flags(w[4]), 0, &out.error);
         if (fd < 0) return out.say(fd);
         ids["fd " + w[1]] = static_cast<uint64_t>(fd);
         return out.say(PINION_OK);
       }},
      {"pipe",
       [](const Words &w) { // name of the end to read, of the end to write: nothing is ever put through by itself
         int ends[2];
         if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("no pipe");
         ids["fd " + w[1]] = static_cast<uint64_t>(ends[0]);
         ids["fd " + w[2]] = static_cast<uint64_t>(ends[1]);
         return std::string("0 ");
       }},
      {"adopt", // name, a descriptor of the test's, which stays the test's
       [](const Words &w) {
         ids["fd " + w[1]] = static_cast<uint64_t>(std::stoul(w[2]));
         return std::string("0 ");
       }},
      {"let-go", [](const Words &w) { return std::to_string(::close(static_cast<int>(ids["fd " + w[1]]))) + " "; }},
      {"fetch-open", // name, request
       [](const Words &w) {
         Out out;
         ids["fetch " + w[1]] = reinterpret_cast<uintptr_t>(t.fetch->open(host, span(w[2]), &out.error));
         return ids["fetch " + w[1]] != 0 ? std::string("0 ") : out.say(out.error.code);
       }},
      {"fetch-head", // name: asks for the head as long work, and tells what came of it
       [](const Words &w) {
         Out out;
         head_of = reinterpret_cast<pinion_fetch *>(ids["fetch " + w[1]]);
         return out.say(
             t.tasks->run_long(host, &fetchHead, &done, const_cast<char *>("fetch"), &ids["head"], &out.error));
       }},
      {"fetch-end", // name, cancel or close
       [](const Words &w) {
         auto *const fetch = reinterpret_cast<pinion_fetch *>(ids["fetch " + w[1]]);
         (w[2] == "close" ? t.fetch->close : t.fetch->cancel)(fetch);
         return std::string("0 ");
       }},
  };
}

} // namespace probe
