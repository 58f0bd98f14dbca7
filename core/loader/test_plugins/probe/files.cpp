// Files of a server.
#include "probe.hpp"

#include <unistd.h>

namespace probe {
namespace {

// What the file holds, which is closed.
std::string contentOf(int fd, Out &out) {
  char buffer[256];
  if (const auto got = ::read(fd, buffer, sizeof buffer); got > 0)
    out.value.assign(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return out.say(PINION_OK);
}

} // namespace

Operations fileOperations() {
  return {
      {"open",
       [](const Words &w) { // server, path, flags, content
         Out out;
         const int32_t fd = t.files->open(host, w[1].c_str(), w[2].c_str(), flags(w[3]), 0, &out.error);
         if (fd < 0) return out.say(fd);
         if (w.size() > 4 && ::write(fd, w[4].data(), w[4].size()) < 0) out.value = "write failed";
         if (w.size() <= 4) return contentOf(fd, out);
         ::close(fd);
         return out.say(PINION_OK);
       }},
      {"open-in",
       [](const Words &w) { // server, folder, name, flags
         Out out;
         const int32_t folder = t.files->open(host, w[1].c_str(), w[2].c_str(), PINION_OPEN_DIRECTORY, 0, &out.error);
         if (folder < 0) return out.say(folder);
         const int32_t fd = t.files->open_in(host, folder, w[3].c_str(), flags(w[4]), &out.error);
         ::close(folder);
         return fd < 0 ? out.say(fd) : contentOf(fd, out);
       }},
      {"entries",
       [](const Words &w) {
         Out out;
         const auto each = [](void *user, const pinion_file_info *info) -> pinion_status {
           *static_cast<std::string *>(user) += std::string(info->name) + " " + std::to_string(info->type) + " " +
                                                std::to_string(info->bytes) + " " + std::to_string(info->mode) + "\n";
           return PINION_OK;
         };
         return out.say(t.files->entries(host, w[1].c_str(), w[2].c_str(), each, &out.value, &out.error));
       }},
      {"make-folder",
       [](const Words &w) {
         Out out;
         return out.say(t.files->make_folder(host, w[1].c_str(), w[2].c_str(), 0, 0, &out.error));
       }},
      {"rename",
       [](const Words &w) {
         Out out;
         return out.say(t.files->rename(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), 0, &out.error));
       }},
      {"remove",
       [](const Words &w) {
         Out out;
         return out.say(t.files->remove(host, w[1].c_str(), w[2].c_str(), 0, &out.error));
       }},
      {"remove-in",
       [](const Words &w) {
         Out out;
         return out.say(t.files->remove_in(host, w[1].c_str(), w[2].c_str(), &out.error));
       }},
      {"copy",
       [](const Words &w) { // server, from, to, flags
         Out out;
         return out.say(t.files->copy(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), flags(w[4]), &out.error));
       }},
      {"link",
       [](const Words &w) { // server, target, path, flags
         Out out;
         return out.say(t.files->link(host, w[1].c_str(), w[2].c_str(), w[3].c_str(), flags(w[4]), &out.error));
       }},
      {"place",
       [](const Words &w) { // server, folder, path, content, flags
         Out out;
         const uint32_t how = PINION_OPEN_UNNAMED | PINION_OPEN_WRITE | flags(w[5]);
         const int32_t fd = t.files->open(host, w[1].c_str(), w[2].c_str(), how, 0, &out.error);
         if (fd < 0) return out.say(fd);
         if (::write(fd, w[4].data(), w[4].size()) < 0) out.value = "write failed";
         const auto status = t.files->place(host, w[1].c_str(), fd, w[3].c_str(), flags(w[5]), &out.error);
         ::close(fd);
         return out.say(status);
       }},
      {"denied",
       [](const Words &w) { return std::to_string(t.files->denied(host, w[1].c_str(), w[2].c_str())) + " "; }},
      {"set-times",
       [](const Words &w) { // server, path, seconds, flags
         Out out;
         const auto seconds = std::stoll(w[3]);
         return out.say(
             t.files->set_times(host, w[1].c_str(), w[2].c_str(), seconds, seconds, flags(w[4]), &out.error));
       }},
      {"set-mode",
       [](const Words &w) {
         Out out;
         const auto mode = static_cast<std::uint32_t>(std::stoul(w[3], nullptr, 8));
         return out.say(t.files->set_mode(host, w[1].c_str(), w[2].c_str(), mode, 0, &out.error));
       }},
      {"set-owner",
       [](const Words &w) {
         Out out;
         return out.say(t.files->set_owner(host, w[1].c_str(), w[2].c_str(), &out.error));
       }},
      {"usage",
       [](const Words &w) {
         Out out;
         return out.say(t.files->usage(host, w[1].c_str(), 1, &out.sink, &out.error));
       }},
      {"reserve",
       [](const Words &w) {
         Out out;
         return out.say(t.files->reserve(host, w[1].c_str(), std::stoll(w[2]), &out.error));
       }},
      {"folder",
       [](const Words &w) {
         Out out;
         const int32_t fd = t.files->folder(host, w[1].c_str(), &out.error);
         if (fd < 0) return out.say(fd);
         ::close(fd);
         return out.say(PINION_OK);
       }},
  };
}

} // namespace probe
