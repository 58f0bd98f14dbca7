// The fake host's pinion.archives/1: one entry at a time on the fake's pool, over the fake's disk. Archives are plain
// tar (fake_tar.hpp) whatever "format" says. Included by fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_files.hpp>
#include <pinion/testing/detail/fake_tar.hpp>

#include <fnmatch.h>

#include <memory>

namespace pinion::testing::detail {

// Of the options it passes over level and rate; a checksum is zeroes; ignore takes shell patterns, one a line.
class FakeArchives {
public:
  FakeArchives(FakeLane &lane, FakeFiles &files) : lane_(lane), files_(files) {}
  std::function<bool(const std::string &uuid)> server_known;
  std::function<void(const std::string &name)> meanwhile;

  pinion_status begin(bool pack, const std::string &server, int32_t file, pinion_span options,
                      pinion_progress_fn progress, pinion_done_fn done, void *user, uint64_t *id, pinion_error *error) {
    const int flags = file < 0 ? -1 : ::fcntl(file, F_GETFL);
    if (flags < 0 || ((flags & O_ACCMODE) != (pack ? O_WRONLY : O_RDONLY) && (flags & O_ACCMODE) != O_RDWR))
      return refuse(error, PINION_E_INVALID, "the archive's descriptor is not open for this", EBADF);
    auto run = std::make_shared<Run>();
    run->options = options.size == 0 ? Json::object() : Json::parse(view(options), nullptr, false);
    if (const std::string wrong = fault(run->options); !wrong.empty())
      return refuse(error, PINION_E_INVALID, "options: " + wrong, EINVAL);
    run->pack = pack;
    run->server = server;
    run->file = file;
    run->progress = progress;
    run->done = done;
    run->user = user;
    *id = run->id = lane_.newId();
    runs_[run->id] = run;
    lane_.postPool([this, run] { step(run); });
    return PINION_OK;
  }
  bool cancel(std::uint64_t id) {
    const auto it = runs_.find(id);
    if (it == runs_.end()) return false;
    const RunPtr run = it->second;
    runs_.erase(it);
    std::exchange(run->done, nullptr)(run->user, PINION_E_CANCELLED, span("the archive was cancelled"));
    return true;
  }
  void clearPlugin() {
    for (auto &[id, run] : runs_) run->done = nullptr;
    runs_.clear();
  }
  std::size_t running() const { return runs_.size(); }

private:
  struct Run {
    std::uint64_t id = 0;
    bool pack = false, prepared = false;
    std::string server;
    int32_t file = -1;
    Json options;
    pinion_progress_fn progress = nullptr;
    pinion_done_fn done = nullptr; // null when it is over for the plugin
    void *user = nullptr;
    std::deque<FakeTarEntry> left; // to pack (without their bytes) or to unpack
    std::uint64_t bytes = 0, total = 0, entries = 0, left_out = 0, written = 0;
    bool owner() const { return options.value("owner", false); }
  };
  using RunPtr = std::shared_ptr<Run>;
  using Failure = std::optional<Error>;

  static std::string fault(const Json &options) {
    static const std::set<std::string> formats = {"", "tar.gz", "tar", "tar.bz2", "tar.xz", "tar.zst", "zip"};
    static const std::set<std::string> checksums = {"", "sha1", "sha256"};
    if (!options.is_object()) return "no JSON object";
    try {
      if (formats.count(options.value("format", "")) == 0) return "tar.gz, tar, tar.bz2, tar.xz, tar.zst or zip";
      if (checksums.count(options.value("checksum", "")) == 0) return "sha1, sha256 or nothing";
      const Json limits = options.value("limits", Json::object());
      for (const std::int64_t number :
           {options.value("limit", std::int64_t{0}), options.value("rate", std::int64_t{0}),
            limits.value("entries", std::int64_t{0}), limits.value("bytes", std::int64_t{0})})
        if (number < 0) return "a number that is not negative";
      (void)options.value("files", std::vector<std::string>{});
      for (const char *flag : {"owner", "links", "check_first"}) (void)options.value(flag, false);
      for (const char *text : {"root", "name", "ignore", "level"}) (void)options.value(text, "");
    } catch (const Json::exception &wrong) {
      return wrong.what();
    }
    return "";
  }

  // One entry; the daemon's pace is the test's: it may do something meanwhile, and the lane goes on in between.
  void step(const RunPtr &run) {
    if (run->done == nullptr) return;
    if (!server_known(run->server)) return end(run, cancelled());
    if (!std::exchange(run->prepared, true))
      if (const Failure failed = run->pack ? listFiles(*run) : readArchive(*run)) return end(run, *failed);
    if (run->left.empty()) return finish(run);
    FakeTarEntry entry = std::move(run->left.front());
    run->left.pop_front();
    if (meanwhile) meanwhile(entry.name);
    if (run->done == nullptr) return;
    if (!server_known(run->server)) return end(run, cancelled());
    if (const Failure failed = run->pack ? packOne(*run, entry) : unpackOne(*run, entry)) return end(run, *failed);
    tell(run, entry.name);
    lane_.postPool([this, run] { step(run); });
  }
  void tell(const RunPtr &run, const std::string &name) {
    const std::string text =
        Json{{"bytes", run->bytes}, {"total", run->total}, {"entries", run->entries}, {"name", name}}.dump(
            -1, ' ', false, Json::error_handler_t::replace);
    lane_.post([run, text] {
      if (run->done != nullptr && run->progress != nullptr) run->progress(run->user, span(text));
    });
  }
  void finish(const RunPtr &run) {
    if (run->pack)
      if (const Failure failed = write(*run, tarEnd())) return end(run, *failed);
    tell(run, "");
    if (!run->pack) {
      answer(run, PINION_OK,
             Json{{"bytes", run->bytes}, {"entries", run->entries}, {"passed_over", run->left_out}, {"format", "tar"}}
                 .dump());
      return;
    }
    const std::string checksum = run->options.value("checksum", "");
    answer(run, PINION_OK,
           Json{{"bytes", run->written},
                {"entries", run->entries},
                {"checksum", std::string(checksum.empty()     ? 0
                                         : checksum == "sha1" ? 40
                                                              : 64,
                                         '0')},
                {"left_out", run->left_out}}
               .dump());
  }
  void end(const RunPtr &run, const Error &failed) {
    const char *name = failed.detail != 0 ? ::strerrorname_np(failed.detail) : nullptr;
    answer(run, failed.code, name != nullptr ? std::string(name) + ": " + failed.text : failed.text);
  }
  void answer(const RunPtr &run, pinion_status status, const std::string &text) {
    lane_.post([this, run, status, text] {
      if (run->done == nullptr) return;
      runs_.erase(run->id);
      std::exchange(run->done, nullptr)(run->user, status, span(text));
    });
  }

  // -- packing ---------------------------------------------------------------------------------------------------
  Failure listFiles(Run &run) {
    const auto folder = files_.server(run.server) / clean(run.options.value("root", "")).value_or("");
    if (!std::filesystem::is_directory(folder)) return failure(ENOENT, run.options.value("root", ""));
    auto wanted = run.options.value("files", std::vector<std::string>{});
    if (wanted.empty()) wanted.push_back("");
    std::set<std::string> names; // each once, in an order that is the same in every run
    for (const auto &name : wanted) collect(folder, clean("/" + name).value_or(""), names); // none climbs out
    for (const auto &name : names) {
      const auto status = std::filesystem::symlink_status(folder / name);
      const bool link = std::filesystem::is_symlink(status);
      if (!std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status) &&
          !(link && run.options.value("links", false)))
        continue;
      const std::string below = (folder / name).lexically_relative(files_.server(run.server)).string();
      if ((run.owner() && files_.isDenied(run.server, below)) || ignored(run, name)) {
        ++run.left_out;
        continue;
      }
      run.left.push_back({name, below, link ? '2' : std::filesystem::is_directory(status) ? '5' : '0'});
    }
    return std::nullopt;
  }
  // Files, links, and folders with nothing in them.
  static void collect(const std::filesystem::path &folder, const std::string &name, std::set<std::string> &names) {
    const auto path = folder / name;
    const auto status = std::filesystem::symlink_status(path);
    if (!std::filesystem::exists(status)) return;
    bool empty = true;
    if (std::filesystem::is_directory(status))
      for (const auto &entry : std::filesystem::directory_iterator(path)) {
        empty = false;
        collect(folder, (std::filesystem::path(name) / entry.path().filename()).string(), names);
      }
    if ((empty || !std::filesystem::is_directory(status)) && !name.empty()) names.insert(name);
  }
  static bool ignored(const Run &run, const std::string &name) {
    std::string rules = run.options.value("ignore", ""), rule;
    for (rules += '\n'; !rules.empty(); rules.erase(0, rule.size() + 1)) {
      rule = rules.substr(0, rules.find('\n'));
      if (rule.empty()) continue;
      const std::string last = std::filesystem::path(name).filename();
      if (::fnmatch(rule.c_str(), name.c_str(), 0) == 0 || ::fnmatch(rule.c_str(), last.c_str(), 0) == 0) return true;
    }
    return false;
  }
  // `entry.bytes` is the path below the server's folder.
  Failure packOne(Run &run, FakeTarEntry entry) {
    const std::string path = std::exchange(entry.bytes, "");
    if (entry.name.size() > kTarName) return failure(ENAMETOOLONG, entry.name);
    pinion_file_info info{};
    if (files_.stat(run.server, path, &info, nullptr) != PINION_OK) return std::nullopt; // it vanished
    entry.mode = info.mode;
    entry.modified_s = info.modified_s;
    if (entry.type == '2') {
      entry.target = std::filesystem::read_symlink(files_.server(run.server) / path);
    } else if (entry.type == '0') {
      struct stat own {};
      if (::fstat(run.file, &own) == 0 && own.st_ino == info.inode && own.st_dev == info.device) return std::nullopt;
      const int file = files_.open(run.server, path, PINION_OPEN_READ, 0, nullptr);
      if (file < 0) return failure(errno, path);
      entry.bytes = contents(file, 0);
      ::close(file);
    }
    run.bytes += entry.bytes.size();
    ++run.entries;
    return write(run, tarPiece(entry));
  }
  static Failure write(Run &run, const std::string &bytes) {
    const auto limit = run.options.value("limit", std::uint64_t{0});
    if (limit != 0 && run.written + bytes.size() > limit)
      return Error{PINION_E_FULL, "the archive grows beyond " + std::to_string(limit) + " bytes", EFBIG};
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t done = ::write(run.file, bytes.data() + at, bytes.size() - at);
      if (done < 0) return failure(errno, "the archive");
      at += static_cast<std::size_t>(done);
    }
    run.written += bytes.size();
    return std::nullopt;
  }

  // -- unpacking -------------------------------------------------------------------------------------------------
  Failure readArchive(Run &run) {
    const off_t at = ::lseek(run.file, 0, SEEK_CUR);
    const std::string archive = contents(run.file, at < 0 ? 0 : at);
    if (archive.size() < kTarBlock || std::string_view(archive).substr(257, 5) != "ustar")
      return Error{PINION_E_INVALID, "the file is no archive of a known format", EPROTONOSUPPORT};
    auto entries = readTar(archive);
    if (!entries) return Error{PINION_E_IO, "the archive is damaged: it ends too early", EBADMSG};
    for (const auto &entry : *entries) run.total += entry.type == '0' ? entry.bytes.size() : 0;
    const Json limits = run.options.value("limits", Json::object());
    if (const auto most = limits.value("entries", std::uint64_t{1'000'000}); entries->size() > most)
      return Error{PINION_E_FULL, "the archive holds more than " + std::to_string(most) + " entries", E2BIG};
    if (const auto most = limits.value("bytes", std::uint64_t{0}); most != 0 && run.total > most)
      return Error{PINION_E_FULL, "the archive holds more than " + std::to_string(most) + " bytes", E2BIG};
    const std::int64_t limit = files_.limits.count(run.server) != 0 ? files_.limits[run.server] : 0;
    if (limit != 0 && run.options.value("check_first", true) &&
        static_cast<std::int64_t>(run.total) > limit - files_.used(run.server))
      return failure(EDQUOT, "what is in the archive");
    run.left.assign(entries->begin(), entries->end());
    return std::nullopt;
  }
  Failure unpackOne(Run &run, const FakeTarEntry &entry) {
    const std::string root = run.options.value("root", "");
    const auto path = clean(root + "/" + entry.name);
    if (!path) return failure(EXDEV, entry.name);
    const bool link = entry.type == '2' && run.options.value("links", false);
    if (path->empty() || (entry.type != '0' && entry.type != '5' && !link) ||
        (run.owner() && files_.isDenied(run.server, *path))) {
      ++run.left_out;
      return std::nullopt;
    }
    if (entry.type != '0') {
      std::error_code problem;
      const auto place = files_.server(run.server) / *path;
      std::filesystem::create_directories(link ? place.parent_path() : place, problem);
      if (link) std::filesystem::create_symlink(entry.target, place, problem);
      if (problem) return failure(problem.value(), *path);
      ++run.entries;
      return std::nullopt;
    }
    if (files_.reserve(run.server, static_cast<std::int64_t>(entry.bytes.size()), nullptr) != PINION_OK)
      return failure(EDQUOT, *path);
    files_.reserved[run.server] -=
        static_cast<std::int64_t>(entry.bytes.size()); // the fake's disk counts what is there
    const int file = files_.open(run.server, *path, PINION_OPEN_WRITE | PINION_OPEN_CREATE | PINION_OPEN_TRUNCATE,
                                 entry.mode & 0777, nullptr);
    if (file < 0) return failure(errno, *path);
    const ssize_t done = ::write(file, entry.bytes.data(), entry.bytes.size());
    const timespec times[2] = {{0, UTIME_OMIT}, {entry.modified_s, 0}};
    const bool kept = done == static_cast<ssize_t>(entry.bytes.size()) && ::futimens(file, times) == 0;
    const int reason = kept ? 0 : errno;
    ::close(file);
    if (!kept) return failure(reason, *path);
    run.bytes += entry.bytes.size();
    ++run.entries;
    return std::nullopt;
  }

  // -- both ------------------------------------------------------------------------------------------------------
  // Without "." and ".."; with a leading slash ".." ends at the root, without one it may not climb out.
  static std::optional<std::string> clean(const std::string &path) {
    const bool rooted = !path.empty() && path.front() == '/';
    std::vector<std::string> parts;
    for (const auto &part : std::filesystem::path(path).relative_path()) {
      if (part.empty() || part == ".") continue;
      if (part != "..")
        parts.push_back(part);
      else if (!parts.empty())
        parts.pop_back();
      else if (!rooted)
        return std::nullopt;
    }
    std::string out;
    for (const auto &part : parts) out += (out.empty() ? "" : "/") + part;
    return out;
  }
  static std::string contents(int file, off_t from) {
    std::string out;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::pread(file, buffer, sizeof buffer, from)) > 0; from += got)
      out.append(buffer, static_cast<std::size_t>(got));
    return out;
  }
  static Error cancelled() { return Error{PINION_E_CANCELLED, "the archive was cancelled", ECANCELED}; }
  static Error failure(int reason, const std::string &path) {
    const pinion_status code = reason == ENOENT                                                  ? PINION_E_NOT_FOUND
                               : reason == EDQUOT                                                ? PINION_E_FULL
                               : reason == EXDEV || reason == ELOOP || reason == EACCES          ? PINION_E_DENIED
                               : reason == EISDIR || reason == ENOTDIR || reason == ENAMETOOLONG ? PINION_E_INVALID
                                                                                                 : PINION_E_IO;
    return Error{code, "\"" + path + "\": " + std::strerror(reason), reason};
  }

  FakeLane &lane_;
  FakeFiles &files_;
  std::map<std::uint64_t, RunPtr> runs_;
};

} // namespace pinion::testing::detail
