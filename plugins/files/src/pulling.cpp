#include "answers.hpp"
#include "go_text.hpp"
#include "plugin.hpp"
#include "url.hpp"

namespace pinion::files {

bool FilesPlugin::refusePulls(Exchange &exchange) const {
  if (pulls_off_) exchange.error(400, "This functionality is not currently enabled on this instance.");
  return pulls_off_;
}

Task<void> FilesPlugin::listPulls(Exchange exchange) {
  if (!refusePulls(exchange)) exchange.answer(200, pulls_.list(exchange.server()));
  co_return;
}

Task<void> FilesPlugin::cancelPull(Exchange exchange) {
  if (refusePulls(exchange)) co_return;
  pulls_.cancel(exchange.server(), exchange.field("path:download").value_or(""));
  exchange.answer(204);
}

Task<void> FilesPlugin::startPull(Exchange exchange) {
  if (refusePulls(exchange)) co_return;
  auto pull = std::make_shared<Pull>();
  pull->server = exchange.server();
  pull->max_redirects = max_redirects_;
  bool foreground = false;
  std::string root;
  const bool good = readBody(exchange, [&](const RequestBody &body) {
    const bool typed = body.read("root", root) && body.read("directory", pull->folder) && body.read("url", pull->url) &&
                       body.read("file_name", pull->file_name) && body.read("use_header", pull->use_header) &&
                       body.read("foreground", foreground);
    if (!root.empty()) pull->folder = root; // "directory" is what it was called before
    return typed && !pull->folder.empty() && !pull->url.empty();
  });
  if (!good) co_return;
  if (const auto fault = urlFault(pull->url)) {
    exchange.error(400, "An error occurred while parsing that URL: " + *fault);
    co_return;
  }
  const Files files = filesOf(pull->server);
  const auto measure = [files] { return files.usage(false); };
  const auto usage = co_await host_.run(measure);
  if (!usage || !usage->fits(0)) {
    answerFailure(exchange, host_, usage ? Error{PINION_E_FULL, "the server is over its disk limit"} : usage.error());
    co_return;
  }
  if (!pulls_.begin(pull)) {
    exchange.error(400,
                   "This server has reached its limit of 3 simultaneous remote file downloads at once. Please wait "
                   "for one to complete before trying again.");
    co_return;
  }
  if (!foreground) {
    const std::string answer = Json{{"identifier", pull->id}}.dump();
    host_.spawn(background(pull));
    exchange.answer(202, answer);
    co_return;
  }
  const auto work = [this, host = host_, files, pull]() -> Result<std::string> {
    const auto path = pull->run(host, files);
    if (!path) return path.error();
    return describe(files, *path);
  };
  std::optional<Result<std::string>> made;
  try {
    if (co_await pulls_.turn(pull))
      made = co_await host_.runLong(work);
    else
      made = Error{PINION_E_CANCELLED, "the download was cancelled"};
  } catch (const std::exception &refused) {
    made = Error{PINION_E_BUSY, refused.what()};
  }
  pulls_.end(pull);
  if (*made)
    exchange.answer(200, **made);
  else
    answerFailure(exchange, host_, made->error());
}

Task<void> FilesPlugin::background(std::shared_ptr<Pull> pull) {
  const auto work = [host = host_, files = filesOf(pull->server), pull] { return pull->run(host, files); };
  std::optional<Error> failure;
  try {
    if (co_await pulls_.turn(pull)) {
      const auto path = co_await host_.runLong(work);
      if (!path) failure = path.error();
    }
  } catch (const std::exception &refused) {
    failure = Error{PINION_E_BUSY, refused.what()};
  }
  pulls_.end(pull);
  if (failure && failure->code != PINION_E_CANCELLED)
    host_.warn("a file could not be downloaded for a server",
               Json{{"server", pull->server}, {"identifier", pull->id}, {"error", validUtf8(failure->text)}});
}

} // namespace pinion::files
