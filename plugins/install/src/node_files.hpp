// The files of an installation in the node's own folders: the script below "tmp", the log below "log". All block:
// [pool]. Every path is opened from the folder's descriptor, links are not followed.
#pragma once

#include <pinion/cpp/plugin.hpp>

#include <string>
#include <string_view>

namespace install {

// <tmp>/<uuid>/install.sh; the folder 0700, the file 0644.
pinion::Result<bool> writeScript(const pinion::Host &host, const std::string &uuid, std::string_view text);
// <tmp>/<uuid> with all that is in it. Success when there is none.
pinion::Result<bool> removeScript(const pinion::Host &host, const std::string &uuid);

// <log>/install/<uuid>.log: the folder 0700, the file 0600.
enum class LogWrite { begin, append };
pinion::Result<bool> writeLog(const pinion::Host &host, const std::string &uuid, std::string_view text, LogWrite how);
// At most `limit` bytes: of a longer log the head and the newest part.
pinion::Result<std::string> readLog(const pinion::Host &host, const std::string &uuid, std::size_t limit);
pinion::Result<bool> removeLog(const pinion::Host &host, const std::string &uuid);

} // namespace install
