// Uploads of a browser: the whole form is spooled, and judged, before anything of it becomes visible.
#include "answers.hpp"
#include "go_text.hpp"
#include "multipart.hpp"
#include "plugin.hpp"
#include "spool.hpp"

#include <array>
#include <cerrno>

namespace pinion::files {

namespace {

struct Upload {
  std::string name;
  bool replaces; // a file that was there
  Spool spool;
};

struct Form {
  std::vector<Upload> uploads;
  std::optional<Error> full;          // the disk limit; what came before it stays
  std::optional<std::string> refusal; // a text for 400, and nothing stays
  std::optional<Error> failure;       // nothing stays
};

// So many files of an upload are open until all are judged; those behind them share one. Browsers send one or a few a
// request, which are not copied.
constexpr std::size_t kMostOpen = 16;
constexpr std::size_t kToldAtOnce = 512 * 1024; // bytes of entries for the activity log, which takes 1 MiB
constexpr std::int64_t kMostDrained = std::int64_t{4} << 30;
constexpr const char *kNoForm = "Failed to get multipart form data from request.";

class FormReader {
public:
  FormReader(Exchange &exchange, const Files &files, std::string directory, std::int64_t limit_mib)
      : exchange_(exchange), files_(files), directory_(std::move(directory)), limit_mib_(limit_mib) {}

  Form read(std::string_view boundary) {
    Multipart body(boundary);
    while (!form_.refusal && !form_.failure && !form_.full) {
      switch (body.next()) {
      case Multipart::Event::more: fill(body); break;
      case Multipart::Event::part: begin(body.part()); break;
      case Multipart::Event::data: data(body.data()); break;
      case Multipart::Event::part_end: open_ = false; break;
      case Multipart::Event::malformed: form_.refusal = kNoForm; break;
      case Multipart::Event::end: return std::move(form_);
      }
    }
    if (form_.full) form_.uploads.pop_back(); // the one that does not fit
    if (too_large_) form_.uploads.clear();    // and what they hold
    if (form_.full || too_large_) drain();
    return std::move(form_);
  }

private:
  // Browsers look for the answer when they have sent all, and show a broken connection when they cannot. They say how
  // much that is; who does not is cut off.
  void drain() {
    if (!exchange_.field("header:Content-Length")) return;
    std::array<char, kWritten> waste;
    for (std::int64_t left = kMostDrained; left > 0;) {
      const std::int64_t got = exchange_.readBody(waste.data(), waste.size());
      if (got <= 0) return;
      left -= got;
    }
  }
  void fill(Multipart &body) {
    const std::int64_t got = exchange_.readBody(body.room(), body.roomSize());
    if (got > 0)
      body.filled(static_cast<std::size_t>(got));
    else
      body.ended(); // or the client has gone: then the form is not whole
  }
  void begin(const Part &part) {
    open_ = part.name == "files" && part.file_name && !part.file_name->empty();
    if (!open_) return;
    std::string name(baseName(*part.file_name));
    const auto info = files_.stat(joinPath(directory_, name));
    const bool replaces = info && info->type == PINION_FILE_REGULAR;
    auto spool = openSpool(replaces ? info->bytes : 0);
    if (spool)
      form_.uploads.push_back({std::move(name), replaces, std::move(*spool)});
    else
      form_.failure = spool.error();
  }
  Result<Spool> openSpool(std::int64_t replaced) {
    if (form_.uploads.size() < kMostOpen) return Spool::open(files_, replaced);
    if (!bundle_) {
      auto opened = Bundle::open(files_);
      if (!opened) return opened.error();
      bundle_ = std::move(*opened);
    }
    return Spool::within(bundle_, files_, replaced);
  }
  void data(std::string_view bytes) {
    if (!open_) return; // of a field: read and forgotten
    auto &upload = form_.uploads.back();
    if (upload.spool.size() + static_cast<std::int64_t>(bytes.size()) > limit_mib_ * 1024 * 1024) {
      form_.refusal = "File " + upload.name + " is larger than the maximum file upload size of " +
                      std::to_string(limit_mib_) + " MB.";
      too_large_ = true;
      return;
    }
    const auto written = upload.spool.write(bytes);
    if (written) return;
    if (written.error().code == PINION_E_FULL)
      form_.full = written.error();
    else
      form_.failure = written.error();
  }

  Exchange &exchange_;
  const Files &files_;
  const std::string directory_;
  const std::int64_t limit_mib_;
  Form form_;
  std::shared_ptr<Bundle> bundle_; // once there are more than kMostOpen
  bool open_ = false, too_large_ = false;
};

std::string userOf(const Exchange &exchange) {
  const auto user = exchange.field("claim:user_uuid");
  return user && user->starts_with('"') ? *user : "null"; // JSON text
}

} // namespace

void FilesPlugin::upload(Exchange exchange) {
  const auto server = useLink(exchange);
  if (!server) return;
  const auto boundary = formBoundary(exchange.field("header:Content-Type").value_or(""));
  if (!boundary) return exchange.error(400, kNoForm);
  const Json limit = host_.node("/api/upload_limit");
  const Files files = filesOf(*server);
  const std::string directory = exchange.query("directory");
  const std::int64_t limit_mib = limit.is_number_integer() ? limit.get<std::int64_t>() : 100;
  Form form = FormReader(exchange, files, directory, limit_mib).read(*boundary);
  if (form.refusal) return exchange.error(400, *form.refusal);
  if (form.failure) return answerFailure(exchange, host_, *form.failure);
  if (form.uploads.empty() && !form.full) return exchange.error(400, "No files were found on the request body.");
  for (const auto &one : form.uploads) {
    if (one.name != "." && one.name != ".." && one.name != "/") continue;
    const std::string path = joinPath(directory, one.name);
    const bool outside = path == ".." || path.starts_with("../");
    return answerFailure(exchange, host_,
                         outside ? badPath() : Error{PINION_E_INVALID, "the name is that of a folder", EISDIR});
  }

  std::vector<std::string> entries; // of the activity log, with commas between, as many as it takes at once
  const std::string shown = detail::dump(Json(cleanPath(directory.empty() ? "/" : directory)));
  const std::string user = userOf(exchange), ip = detail::dump(Json(exchange.field("ip").value_or("")));
  std::optional<Error> failure;
  for (auto &one : form.uploads) {
    const std::string path = joinPath(directory, one.name);
    auto placed = one.spool.place(path);
    if (placed && one.replaces) placed = files.setOwner(path); // it may have been another's, as after an edit
    if (!placed) {
      failure = placed.error();
      break;
    }
    if (entries.empty() || entries.back().size() > kToldAtOnce) entries.emplace_back();
    std::string &told = entries.back();
    told += (told.empty() ? "{\"server\":\"" : ",{\"server\":\"") + *server + "\",\"user\":" + user + ",\"ip\":" + ip +
            ",\"event\":\"server:file.uploaded\",\"metadata\":{\"file\":" + jsonString(one.name) +
            ",\"directory\":" + shown + "}}";
  }
  if (!failure) failure = form.full;
  host_.spawn(finishUpload(std::move(exchange), std::move(entries), std::move(failure)));
}

Task<void> FilesPlugin::finishUpload(Exchange exchange, std::vector<std::string> entries,
                                     std::optional<Error> failure) {
  for (const auto &some : entries) {
    const Answer told = co_await host_.call("activity/record", "", "{\"entries\":[" + some + "]}", 10'000);
    if (!told && told.error().code != PINION_E_NOT_FOUND)
      host_.warn("uploads are not in the activity log", Json{{"error", validUtf8(told.error().text)}});
  }
  if (failure)
    answerFailure(exchange, host_, *failure);
  else
    exchange.answer(200);
}

} // namespace pinion::files
