// The routes about the files of servers (contract http.md 5 and 7, semantics files.md 1 to 6). Handlers run on the
// pool; those that wait for archives or downloads are coroutines on the lane.
#pragma once

#include "mime_cache.hpp"
#include "pulls.hpp"

#include <pinion/cpp/files.hpp>
#include <pinion/cpp/plugin.hpp>

#include <string>
#include <vector>

namespace pinion::files {

class FilesPlugin {
public:
  explicit FilesPlugin(Host host) : host_(host), pulls_(host) {}
  Result<void> start();
  void stop() { pulls_.stop(); }

private:
  using Handler = void (FilesPlugin::*)(Exchange);
  using Coroutine = Task<void> (FilesPlugin::*)(Exchange);
  Result<void> route(const char *method, const char *path, const char *auth, uint32_t flags, Handler handler);
  Result<void> route(const char *method, const char *path, Coroutine coroutine);
  // What a user asks for: under the denylist, and owned by the node's user.
  Files filesOf(const std::string &server) const { return {host_, server, PINION_FILES_OWNER}; }

  // -- reading.cpp [pool] ---------------------------------------------------------------------------------------
  void contents(Exchange exchange);
  void list(Exchange exchange);
  void search(Exchange exchange);
  // Everything of a folder, folders first.
  Result<void> listing(const Files &files, const std::string &folder, Exchange &exchange); // answers when it succeeds
  // Of a regular file that `open()` opens, unless its kind is known.
  template <typename Open> std::string mimeOfFile(const pinion_file_info &info, Open open);
  // The object of a file that has just been made.
  Result<std::string> describe(const Files &files, const std::string &path, std::string_view mime = {});

  // -- signed.cpp [pool] ----------------------------------------------------------------------------------------
  void downloadFile(Exchange exchange);
  void downloadBackup(Exchange exchange);
  // The server of a signed link that is used for the first time; else answers, and nothing.
  std::optional<std::string> useLink(Exchange &exchange);

  // -- changing.cpp [pool] --------------------------------------------------------------------------------------
  void rename(Exchange exchange);
  void copy(Exchange exchange);
  void createDirectory(Exchange exchange);
  void remove(Exchange exchange);
  void changeModes(Exchange exchange);

  // -- writing.cpp, upload.cpp [pool for long transfers] --------------------------------------------------------
  void write(Exchange exchange);
  void upload(Exchange exchange);
  // Tells the activity log, then answers as it was decided. [lane]
  Task<void> finishUpload(Exchange exchange, std::vector<std::string> entries, std::optional<Error> failure);

  // -- packing.cpp, pulling.cpp [lane] --------------------------------------------------------------------------
  Task<void> compress(Exchange exchange);
  Task<void> decompress(Exchange exchange);
  Task<void> startPull(Exchange exchange);
  Task<void> listPulls(Exchange exchange);
  Task<void> cancelPull(Exchange exchange);
  bool refusePulls(Exchange &exchange) const; // when the node has them switched off
  Task<void> background(std::shared_ptr<Pull> pull);

  Host host_;
  MimeCache mimes_;
  Pulls pulls_;
  bool pulls_off_ = false;
  uint32_t max_redirects_ = 10;
  Handle server_gone_, stopping_;
};

// A free name beside `path` for a copy of it: " copy", " copy 1", ... before the extension. [pool]
std::string copyName(const Files &files, const std::string &path);

// Sends a regular file as the body, with its length; `headers` may have a Content-Type. [pool]
void sendFile(Exchange exchange, const Fd &file, std::int64_t size, Json headers);
// As an attachment of that name.
Json attachment(std::string_view name);

} // namespace pinion::files
