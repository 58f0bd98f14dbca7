// The files of one server and the node's own folders: pinion.files/1 with results, names and descriptors that close
// themselves. All [pool] (or a thread of the plugin's own); failures carry the errno in Error::detail.
#pragma once

#include <pinion/cpp/host.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <exception>

namespace pinion {
inline namespace v0 {

// Closes the descriptor it holds.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd &operator=(Fd &&other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
  }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

// Cheap to copy; valid as long as its Host.
class Files {
public:
  // `flags` go with every function that takes some: PINION_FILES_OWNER for what a user asked for, else 0.
  Files(const Host &host, std::string server, uint32_t flags)
      : raw_(host.raw()), table_(host.files()), server_(std::move(server)), flags_(flags) {}
  const std::string &server() const { return server_; }

  Result<Fd> open(const std::string &path, uint32_t flags, uint32_t mode = 0) const {
    detail::ErrorSlot slot;
    if (auto bad = unfit(path)) return *bad;
    if (!PINION_HAS(table_, open)) return slot.absent(kId);
    return fd(table_->open(raw_, id(), path.c_str(), flags | flags_, mode, slot.get()), slot);
  }
  // READ only, of an entry of an opened folder.
  Result<Fd> openIn(const Fd &folder, const std::string &name, uint32_t flags = PINION_OPEN_READ) const {
    return openIn(raw_, table_, folder, name, flags);
  }
  Result<pinion_file_info> stat(const std::string &path) const {
    detail::ErrorSlot slot;
    if (auto bad = unfit(path)) return *bad;
    if (!PINION_HAS(table_, stat)) return slot.absent(kId);
    pinion_file_info info{};
    info.size = sizeof info;
    if (const auto status = table_->stat(raw_, id(), path.c_str(), &info, slot.get()); status != PINION_OK)
      return slot.take(status);
    return info;
  }
  // `fn(const pinion_file_info &) -> bool`: false ends the listing early, which is no error. What it throws is thrown.
  template <typename F> Result<void> entries(const std::string &path, F fn) const {
    detail::ErrorSlot slot;
    if (auto bad = unfit(path)) return *bad;
    if (!PINION_HAS(table_, entries)) return slot.absent(kId);
    struct Call {
      F &fn;
      bool ended = false;
      std::exception_ptr thrown;
    } call{fn, false, nullptr};
    const auto each = [](void *user, const pinion_file_info *info) noexcept -> pinion_status {
      auto *c = static_cast<Call *>(user);
      try {
        if (c->fn(*info)) return PINION_OK;
        c->ended = true;
      } catch (...) {
        c->thrown = std::current_exception();
      }
      return PINION_E_CANCELLED;
    };
    const auto status = table_->entries(raw_, id(), path.c_str(), each, &call, slot.get());
    if (call.thrown) std::rethrow_exception(call.thrown);
    if (status != PINION_OK && !call.ended) return slot.take(status);
    return {};
  }

  Result<void> makeFolder(const std::string &path, uint32_t mode = 0755) const {
    if (!PINION_HAS(table_, make_folder)) return absent();
    return on(path,
              [&](const char *p, pinion_error *e) { return table_->make_folder(raw_, id(), p, mode, flags_, e); });
  }
  Result<void> rename(const std::string &from, const std::string &to) const {
    if (auto bad = unfit(to)) return *bad;
    if (!PINION_HAS(table_, rename)) return absent();
    return on(from,
              [&](const char *p, pinion_error *e) { return table_->rename(raw_, id(), p, to.c_str(), flags_, e); });
  }
  Result<void> remove(const std::string &path) const {
    if (!PINION_HAS(table_, remove)) return absent();
    return on(path, [&](const char *p, pinion_error *e) { return table_->remove(raw_, id(), p, flags_, e); });
  }
  Result<void> copy(const std::string &from, const std::string &to) const {
    if (auto bad = unfit(to)) return *bad;
    if (!PINION_HAS(table_, copy)) return absent();
    return on(from, [&](const char *p, pinion_error *e) { return table_->copy(raw_, id(), p, to.c_str(), flags_, e); });
  }
  Result<void> link(const std::string &target, const std::string &path) const {
    if (auto bad = unfit(target)) return *bad;
    if (!PINION_HAS(table_, link)) return absent();
    return on(path,
              [&](const char *p, pinion_error *e) { return table_->link(raw_, id(), target.c_str(), p, flags_, e); });
  }
  Result<void> setMode(const std::string &path, uint32_t mode) const {
    if (!PINION_HAS(table_, set_mode)) return absent();
    return on(path, [&](const char *p, pinion_error *e) { return table_->set_mode(raw_, id(), p, mode, flags_, e); });
  }
  Result<void> setTimes(const std::string &path, int64_t accessed_s, int64_t modified_s) const {
    if (!PINION_HAS(table_, set_times)) return absent();
    return on(path, [&](const char *p, pinion_error *e) {
      return table_->set_times(raw_, id(), p, accessed_s, modified_s, flags_, e);
    });
  }
  Result<void> setOwner(const std::string &path) const {
    if (!PINION_HAS(table_, set_owner)) return absent();
    return on(path, [&](const char *p, pinion_error *e) { return table_->set_owner(raw_, id(), p, e); });
  }
  Result<void> place(const Fd &unnamed, const std::string &path) const {
    if (!PINION_HAS(table_, place)) return absent();
    return on(path,
              [&](const char *p, pinion_error *e) { return table_->place(raw_, id(), unnamed.get(), p, flags_, e); });
  }
  // Whether the denylist names the path; a server that is gone denies nothing.
  bool denied(const std::string &path) const {
    return PINION_HAS(table_, denied) && !unfit(path) && table_->denied(raw_, id(), path.c_str()) > 0;
  }
  Result<void> reserve(int64_t bytes) const {
    if (!PINION_HAS(table_, reserve)) return absent();
    detail::ErrorSlot slot;
    if (const auto status = table_->reserve(raw_, id(), bytes, slot.get()); status != PINION_OK)
      return slot.take(status);
    return {};
  }
  struct Usage {
    int64_t bytes = 0, limit = 0; // limit 0: none
    bool fits(int64_t more) const { return limit == 0 || (bytes <= limit && more <= limit - bytes); }
  };
  Result<Usage> usage(bool fresh) const {
    std::string text;
    const pinion_sink sink{&text, &detail::appendTo};
    detail::ErrorSlot slot;
    if (!PINION_HAS(table_, usage)) return absent();
    if (const auto status = table_->usage(raw_, id(), fresh ? 1 : 0, &sink, slot.get()); status != PINION_OK)
      return slot.take(status);
    const Json json = Json::parse(text);
    return Usage{json.value("bytes", int64_t{0}), json.value("limit", int64_t{0})};
  }

  // One of the node's own folders (pinion_files_v1::folder), and an entry of it.
  static Result<Fd> folder(const Host &host, const char *name) {
    detail::ErrorSlot slot;
    if (!PINION_HAS(host.files(), folder)) return slot.absent(kId);
    return fd(host.files()->folder(host.raw(), name, slot.get()), slot);
  }
  // Recursive; absent is success.
  static Result<void> removeIn(const Host &host, const char *folder, const std::string &path) {
    const auto *table = host.files();
    if (!PINION_HAS(table, remove_in)) return absent();
    return on(path, [&](const char *p, pinion_error *e) { return table->remove_in(host.raw(), folder, p, e); });
  }
  static Result<Fd> openIn(const Host &host, const Fd &folder, const std::string &name, uint32_t flags = 0) {
    return openIn(host.raw(), host.files(), folder, name, flags);
  }

private:
  static constexpr const char *kId = "pinion.files/1";
  const char *id() const { return server_.c_str(); }
  static Error absent() { return detail::ErrorSlot().absent(kId); }
  // A NUL inside would silently name another file.
  static std::optional<Error> unfit(const std::string &path) {
    if (path.find('\0') == std::string::npos) return std::nullopt;
    return Error{PINION_E_INVALID, "the path holds a NUL byte", EINVAL};
  }
  static Result<Fd> fd(int32_t got, const detail::ErrorSlot &slot) {
    if (got < 0) return slot.take(got);
    return Fd(got);
  }
  static Result<Fd> openIn(const pinion_host *raw, const pinion_files_v1 *table, const Fd &folder,
                           const std::string &name, uint32_t flags) {
    detail::ErrorSlot slot;
    if (auto bad = unfit(name)) return *bad;
    if (!PINION_HAS(table, open_in)) return slot.absent(kId);
    return fd(table->open_in(raw, folder.get(), name.c_str(), flags, slot.get()), slot);
  }
  template <typename F> static Result<void> on(const std::string &path, F f) {
    if (auto bad = unfit(path)) return *bad;
    detail::ErrorSlot slot;
    if (const auto status = f(path.c_str(), slot.get()); status != PINION_OK) return slot.take(status);
    return {};
  }

  const pinion_host *raw_;
  const pinion_files_v1 *table_;
  std::string server_;
  uint32_t flags_;
};

} // namespace v0
} // namespace pinion
