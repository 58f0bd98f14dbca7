// "pinion.timers/1" and "pinion.tasks/1"
#include "loader/arguments.hpp"
#include "loader/operation.hpp"
#include "loader/tables.hpp"

namespace pinion::core {

namespace {

class Timer final : public Resource {
public:
  Timer(std::shared_ptr<Host> owner, bool repeats, pinion_timer_fn fn, void *user)
      : Resource(std::move(owner)), repeats_(repeats), fn_(fn), user_(user) {}

  void begin(std::chrono::milliseconds after, std::chrono::milliseconds every) {
    loop_id_ = host().services().timers.after(
        after, [self = self()] { self->tick(); }, every);
    if (host().ended(*this)) host().services().timers.cancel(loop_id_); // by its own first tick
  }
  void cancel() override {
    host().services().timers.cancel(loop_id_);
    host().silence(*this);
  }
  void drop() override { cancel(); }

private:
  std::shared_ptr<Timer> self() { return std::static_pointer_cast<Timer>(shared_from_this()); }
  void tick() { // [io]
    if (queued_.exchange(true)) return;
    host().lane().post([self = self()] {
      self->queued_ = false;
      self->host().call(*self, "timer", "tick", [&] { self->fn_(self->user_); });
      if (!self->repeats_) self->host().forget(self->id());
    });
  }

  const bool repeats_;
  const pinion_timer_fn fn_;
  void *const user_;
  std::atomic<bool> queued_ = false;
  std::atomic<Loop::TimerId> loop_id_ = 0;
};

pinion_status after(const pinion_host *raw, std::uint32_t after_ms, std::uint32_t every_ms, pinion_timer_fn fn,
                    void *user, std::uint64_t *id, pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) -> Result<void> {
    if (fn == nullptr || id == nullptr) return Error{Code::invalid, "the timer function or the id is NULL"};
    const auto made = std::make_shared<Timer>(host.shared_from_this(), every_ms != 0, fn, user);
    if (auto kept = host.keep(made); !kept) return kept;
    *id = made->id(); // before the first tick can come
    made->begin(std::chrono::milliseconds(after_ms), std::chrono::milliseconds(every_ms));
    return {};
  });
}

Result<void> begin(Host &host, Pool &pool, pinion_work_fn work, pinion_done_fn done, void *user, std::uint64_t *id) {
  if (work == nullptr || done == nullptr || id == nullptr)
    return Error{Code::invalid, "the work function, the done function or the id is NULL"};
  const auto made = std::make_shared<TaskRun>(host.shared_from_this(), work, done, user);
  if (auto kept = host.keep(made); !kept) return kept;
  *id = made->id();
  if (!pool.post([made] { made->work(); })) {
    host.forget(made->id());
    return Error{Code::busy, "too much work waits for a thread already"};
  }
  return {};
}

pinion_status run(const pinion_host *raw, pinion_work_fn work, pinion_done_fn done, void *user, std::uint64_t *id,
                  pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) { return begin(host, host.services().workers, work, done, user, id); });
}

pinion_status runLong(const pinion_host *raw, pinion_work_fn work, pinion_done_fn done, void *user, std::uint64_t *id,
                      pinion_error *error) noexcept {
  return hosted(raw, error, [&](Host &host) { return begin(host, host.shared().long_work, work, done, user, id); });
}

} // namespace

const pinion_timers_v1 *timersTable() {
  static constexpr pinion_timers_v1 table{sizeof(pinion_timers_v1), 0, &after};
  return &table;
}

const pinion_tasks_v1 *tasksTable() {
  static constexpr pinion_tasks_v1 table{sizeof(pinion_tasks_v1), 0, &run, &runLong};
  return &table;
}

} // namespace pinion::core
