// "pinion.archives/1": packing and unpacking on pools of their own, so that neither waits for the other or for routes.
#include "archives/options.hpp"
#include "loader/arguments.hpp"
#include "loader/operation.hpp"
#include "loader/tables.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace pinion::core {

namespace {

using archives::Progress;

constexpr std::chrono::milliseconds kBetweenProgress{250};

// Packing or unpacking. Its work uses the plugin's descriptor: cancel() and stop wait until it does not any more.
class ArchiveRun : public Operation {
public:
  ArchiveRun(std::shared_ptr<Host> owner, const char *what, ServerPtr server, pinion_progress_fn progress,
             pinion_done_fn done, void *user)
      : Operation(std::move(owner), "the end of an archive", what, done, user), what_(what), server_(std::move(server)),
        progress_(progress), progress_user_(user) {}

  void run() { // [pool]
    {
      const std::lock_guard lock(host().mutex());
      if (unwanted_ || host().phase() >= Host::Phase::stopping) return;
      working_ = true;
      ++host().working;
    }
    Result<std::string> result(Error{});
    try {
      result = work();
    } catch (const std::exception &e) {
      result = Error{Code::internal, e.what()};
    }
    {
      const std::lock_guard lock(host().mutex());
      working_ = false;
      --host().working;
      host().changed().notify_all();
    }
    if (result)
      complete(std::move(result));
    else
      complete(archives::named(result.error()));
  }
  void cancel() override {
    {
      std::unique_lock lock(host().mutex());
      unwanted_ = true;
      // Bounded: work asks stopped() for each piece and ten times a second where it waits for its descriptor.
      host().changed().wait(lock, [&] { return !working_; });
    }
    Operation::cancel();
  }
  void drop() override {
    unwanted_ = true;
    Operation::drop();
  }

protected:
  virtual Result<std::string> work() = 0;
  [[nodiscard]] const ServerPtr &server() const { return server_; }
  [[nodiscard]] archives::Stopped stopped() const {
    return [this] { return unwanted_ || host().phase() >= Host::Phase::stopping || server_->deleted(); };
  }
  // A span of progress is shown when the one before was taken, and the last one in any case.
  archives::Told told() {
    if (progress_ == nullptr) return {};
    return [this](const Progress &now) {
      const auto time = std::chrono::steady_clock::now();
      const bool last = now.name.empty();
      if (!last && (time - told_ < kBetweenProgress || queued_.exchange(true))) return;
      told_ = time;
      host().lane().post([self = std::static_pointer_cast<ArchiveRun>(shared_from_this()),
                          text = archives::toJson(now)] { self->show(text); });
    };
  }

private:
  void show(const std::string &text) { // [lane]
    queued_ = false;
    host().call(*this, "the progress of an archive", what_, [&] {
      progress_(progress_user_, pinion_span{text.data(), text.size()});
    });
  }

  const char *const what_;
  const ServerPtr server_;
  const pinion_progress_fn progress_;
  void *const progress_user_;
  std::atomic<bool> unwanted_ = false, queued_ = false;
  bool working_ = false; // under the host's lock
  std::chrono::steady_clock::time_point told_;
};

class PackRun final : public ArchiveRun {
public:
  PackRun(std::shared_ptr<Host> owner, ServerPtr server, int out, archives::PackRequest request,
          pinion_progress_fn progress, pinion_done_fn done, void *user)
      : ArchiveRun(std::move(owner), "pack", std::move(server), progress, done, user), out_(out),
        request_(std::move(request)) {}

private:
  Result<std::string> work() override {
    auto tree = serverTree(host(), server(), false, false);
    if (!tree) return tree.error();
    archives::PackHooks hooks;
    const auto ignored = Ignore::fromText(request_.ignore);
    if (!ignored.empty()) hooks.ignored = [&](std::string_view path) { return ignored.matches(path); };
    const auto denylist = host().shared().denylists.of(server());
    if (request_.owner && !denylist->empty())
      hooks.denied = [&](std::string_view path) { return denylist->matches(path); };
    hooks.told = told();
    hooks.stopped = stopped();
    if (request_.options.files.empty() && request_.options.root.find_first_not_of('/') == std::string::npos)
      hooks.total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, server()->diskBytes()));
    auto packed = archives::pack(*tree, out_, request_.options, hooks);
    if (!packed) return packed.error();
    return archives::toJson(*packed);
  }

  const int out_;
  const archives::PackRequest request_;
};

class UnpackRun final : public ArchiveRun {
public:
  UnpackRun(std::shared_ptr<Host> owner, ServerPtr server, int in, archives::UnpackRequest request,
            pinion_progress_fn progress, pinion_done_fn done, void *user)
      : ArchiveRun(std::move(owner), "unpack", std::move(server), progress, done, user), in_(in),
        request_(std::move(request)) {}

private:
  Result<std::string> work() override {
    auto tree = host().services().disk.tree(server()->id(), true);
    if (!tree) return tree.error();
    const ConfigPtr config = host().services().config.get();
    const auto denylist = request_.owner ? host().shared().denylists.of(server()) : nullptr;
    tree->impose({denylist, static_cast<uid_t>(config->system.uid), static_cast<gid_t>(config->system.gid)});
    archives::UnpackHooks hooks;
    if (denylist && !denylist->empty()) hooks.denied = [&](std::string_view path) { return denylist->matches(path); };
    limit(hooks);
    hooks.told = told();
    hooks.stopped = stopped();
    auto unpacked = archives::unpack(*tree, in_, request_.options, hooks);
    if (!unpacked) return unpacked.error();
    return archives::toJson(*unpacked);
  }

  // The disk limit, with what others have written until now.
  void limit(archives::UnpackHooks &hooks) {
    Disk &disk = host().services().disk;
    hooks.reserve = [this, &disk](std::int64_t bytes) { return disk.reserve(server(), bytes); };
    const std::int64_t most = Disk::limit(*server());
    if (most == 0) return;
    hooks.room = [this, &disk, most]() -> Result<std::int64_t> {
      const auto used = disk.measure(server());
      if (!used) return used.error();
      return most - *used;
    };
  }

  const int in_;
  const archives::UnpackRequest request_;
};

// The arguments that both have; `begin` makes the run.
template <typename F> pinion_status start(const pinion_host *raw, const char *uuid, std::int32_t fd, int access,
                                          pinion_done_fn done, std::uint64_t *id, pinion_error *error,
                                          F &&begin) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    if (done == nullptr || id == nullptr) return Error{Code::invalid, "the done function or the id is NULL"};
    const int flags = fd < 0 ? -1 : ::fcntl(fd, F_GETFL);
    if (flags < 0 || ((flags & O_ACCMODE) != access && (flags & O_ACCMODE) != O_RDWR) || (flags & O_PATH) != 0)
      return Error{Code::invalid, "the archive's descriptor is not open for this", EBADF};
    const auto server = serverArgument(host, uuid);
    if (!server) return server.error();
    Result<std::shared_ptr<ArchiveRun>> made = begin(host, *server);
    if (!made) return made.error();
    const auto run = *made;
    if (auto kept = host.keep(run); !kept) return kept;
    *id = run->id();
    Pool &pool = access == O_WRONLY ? host.shared().packs : host.shared().unpacks;
    if (pool.post([run] { run->run(); })) return {};
    host.forget(run->id());
    return Error{Code::busy, "too many archives are waiting on this node; try again later"};
  });
}

pinion_status pack(const pinion_host *raw, const char *uuid, std::int32_t out, pinion_span options,
                   pinion_progress_fn progress, pinion_done_fn done, void *user, std::uint64_t *id,
                   pinion_error *error) noexcept {
  return start(raw, uuid, out, O_WRONLY, done, id, error,
               [&](Host &host, const ServerPtr &server) -> Result<std::shared_ptr<ArchiveRun>> {
                 const auto text = spanArgument(options, "options");
                 if (!text) return text.error();
                 auto request = archives::readPackRequest(*text);
                 if (!request) return request.error();
                 return std::shared_ptr<ArchiveRun>(std::make_shared<PackRun>(
                     host.shared_from_this(), server, out, std::move(*request), progress, done, user));
               });
}

pinion_status unpack(const pinion_host *raw, const char *uuid, std::int32_t in, pinion_span options,
                     pinion_progress_fn progress, pinion_done_fn done, void *user, std::uint64_t *id,
                     pinion_error *error) noexcept {
  return start(raw, uuid, in, O_RDONLY, done, id, error,
               [&](Host &host, const ServerPtr &server) -> Result<std::shared_ptr<ArchiveRun>> {
                 const auto text = spanArgument(options, "options");
                 if (!text) return text.error();
                 auto request = archives::readUnpackRequest(*text);
                 if (!request) return request.error();
                 return std::shared_ptr<ArchiveRun>(std::make_shared<UnpackRun>(
                     host.shared_from_this(), server, in, std::move(*request), progress, done, user));
               });
}

} // namespace

const pinion_archives_v1 *archivesTable() {
  static constexpr pinion_archives_v1 table{sizeof(pinion_archives_v1), 0, &pack, &unpack};
  return &table;
}

} // namespace pinion::core
