#include "answers.hpp"

#include <pinion/cpp/json_text.hpp>

#include <cerrno>

namespace pinion::files {

namespace {

struct Known {
  uint32_t status;
  const char *text;
};

constexpr Known kMissing = {404, "The requested resources was not found on the system."};
constexpr Known kFull = {400, "There is not enough disk space available to perform that action."};

Known known(const Error &error) {
  if (error.code == PINION_E_FULL) return kFull;
  switch (error.detail) {
  case ENOENT:
  case ENOTDIR: // below a file there is nothing
  case EXDEV:   // out of the server's folder, which does not say what is there
  case ELOOP: return kMissing;
  case EACCES: return {403, "This file cannot be modified: present in egg denylist."};
  case EISDIR: return {400, "Cannot perform that action: file is a directory."};
  case ENXIO: return {400, "Cannot open files of this type."}; // a pipe, a socket, a device
  case EDQUOT:
  case ENOSPC: return kFull;
  case ENAMETOOLONG: return {400, "Cannot perform that action: file name is too long."};
  default: break;
  }
  if (error.code == PINION_E_NOT_FOUND) return kMissing;
  if (error.code == PINION_E_INVALID && error.detail == EINVAL) return kMissing; // no file can have such a name
  if (error.code == PINION_E_TIMEOUT) return {500, kTooSlow};
  if (error.code == PINION_E_CANCELLED) return {500, "Request aborted by client."};
  return {500, kGenericFailure};
}

} // namespace

void answerFailure(Exchange &exchange, const Host &host, const Error &error) {
  const Known answer = known(error);
  if (answer.status >= 500)
    host.error("a request for files failed", Json{{"server", exchange.server()},
                                                  {"method", exchange.field("method").value_or("")},
                                                  {"path", validUtf8(exchange.field("path").value_or(""))},
                                                  {"request_id", exchange.field("request-id").value_or("")},
                                                  {"error", validUtf8(error.text)}});
  answerWithId(exchange, answer.status, answer.text);
}

Error badPath() { return Error{PINION_E_DENIED, "the path names no file inside the server's folder", EXDEV}; }

} // namespace pinion::files
