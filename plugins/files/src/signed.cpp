// Downloads by signed links, each good for one use (contract http.md 7). The token itself is checked before.
#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"

#include <pinion/cpp/uuid.hpp>

#include <sys/stat.h>

namespace pinion::files {

namespace {

constexpr const char *kNotFound = "The requested resource was not found on this server.";
constexpr const char *kNoBackup = "The requested backup was not found on this server.";

std::string claim(const Exchange &exchange, const char *name) {
  const Json value = Json::parse(exchange.field(std::string("claim:") + name).value_or("null"), nullptr, false);
  return value.is_string() ? value.get<std::string>() : "";
}

} // namespace

std::optional<std::string> FilesPlugin::useLink(Exchange &exchange) {
  const std::string server = claim(exchange, "server_uuid");
  if (server.empty() || !host_.readServer(server, "/state")) {
    exchange.error(404, kNotFound);
    return std::nullopt;
  }
  const Json expiry = Json::parse(exchange.field("claim:exp").value_or("0"), nullptr, false);
  const auto *tokens = host_.tokens();
  detail::ErrorSlot slot;
  if (!PINION_HAS(tokens, use_once)) {
    answerFailure(exchange, host_, slot.absent("pinion.tokens/1"));
    return std::nullopt;
  }
  // Without an id of its own a link shares that of all such links.
  const auto used = tokens->use_once(host_.raw(), claim(exchange, "unique_id").c_str(),
                                     expiry.is_number() ? expiry.get<std::int64_t>() : 0, slot.get());
  if (used == PINION_OK) return server;
  if (used == PINION_E_DENIED)
    exchange.error(404, kNotFound);
  else
    answerFailure(exchange, host_, slot.take(used));
  return std::nullopt;
}

void FilesPlugin::downloadFile(Exchange exchange) {
  const auto server = useLink(exchange);
  if (!server) return;
  const Files files = filesOf(*server);
  const std::string path = claim(exchange, "file_path");
  const auto info = files.stat(path);
  if (!info) return answerFailure(exchange, host_, info.error());
  if (info->type == PINION_FILE_DIRECTORY) return exchange.error(404, kNotFound);
  if (info->type != PINION_FILE_REGULAR) return answerFailure(exchange, host_, badPath());
  const auto file = files.open(path, PINION_OPEN_READ);
  if (!file) return answerFailure(exchange, host_, file.error());
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return answerFailure(exchange, host_, badPath());
  sendFile(std::move(exchange), *file, facts.st_size, attachment(baseName(cleanPath(path))));
}

void FilesPlugin::downloadBackup(Exchange exchange) {
  const auto server = useLink(exchange);
  if (!server) return;
  const std::string backup = claim(exchange, "backup_uuid");
  if (!isUuid(backup)) return exchange.error(404, kNoBackup);
  const auto folder = Files::folder(host_, "backup");
  if (!folder) return answerFailure(exchange, host_, folder.error());
  const std::string name = backup + ".tar.gz";
  const auto file = Files::openIn(host_, *folder, name);
  struct stat facts {};
  if (!file || ::fstat(file->get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return exchange.error(404, kNoBackup);
  sendFile(std::move(exchange), *file, facts.st_size, attachment(name));
}

} // namespace pinion::files
