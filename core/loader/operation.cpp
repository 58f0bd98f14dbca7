#include "loader/operation.hpp"

#include "loader/arguments.hpp"

namespace pinion::core {

namespace {

thread_local const TaskRun *current_task = nullptr; // whose work this thread runs

} // namespace

void Operation::complete(Result<std::string> result) {
  if (completed_.exchange(true)) return;
  host().lane().post([self = std::static_pointer_cast<Operation>(shared_from_this()), given = std::move(result)] {
    self->deliver(given);
  });
}

void Operation::arrive(Result<std::string> result) {
  if (!completed_.exchange(true)) deliver(result);
}

void Operation::onCancel(std::function<void()> stop_source) {
  const bool late = source_.with([&](Source &s) {
    if (!s.stopped) s.stop = std::move(stop_source);
    return s.stopped;
  });
  if (late) stop_source();
}

void Operation::stopSource() {
  const auto stop = source_.with([](Source &s) {
    s.stopped = true;
    return std::exchange(s.stop, nullptr);
  });
  if (stop) stop();
}

void Operation::deliver(const Result<std::string> &result) {
  if (std::exchange(delivered_, true)) return;
  const pinion_status status = result ? PINION_OK : statusOf(result.error().code);
  const std::string &text = result ? *result : result.error().text;
  host().call(*this, kind_, name_, [&] { done_(user_, status, pinion_span{text.data(), text.size()}); });
  host().forget(id()); // after the callback: until then another thread's cancel() waits for it
}

void Operation::giveUp() {
  const Result<std::string> cancelled(Error{Code::cancelled, "cancelled"});
  if (host().exclusive())
    deliver(cancelled);
  else
    host().onLane(
        [self = std::static_pointer_cast<Operation>(shared_from_this()), cancelled] { self->deliver(cancelled); });
}

void Operation::cancel() {
  completed_ = true; // what the other side answers from here on is nobody's
  stopSource();
  giveUp();
}

void Operation::drop() {
  completed_ = true;
  delivered_ = true;
  stopSource();
}

void TaskRun::work() {
  {
    const std::lock_guard lock(host().mutex());
    if (unwanted_ || host().phase() >= Host::Phase::stopping) return; // its done function was or will never be called
    stage_ = Stage::working;
    ++host().working;
  }
  current_task = this;
  pinion_status status = PINION_E_INTERNAL;
  host().run([&] { status = work_(work_user_); });
  current_task = nullptr;
  bool unwanted = false;
  {
    const std::lock_guard lock(host().mutex());
    stage_ = Stage::over;
    unwanted = unwanted_;
    --host().working;
    host().changed().notify_all();
  }
  if (unwanted) // cancelled from inside: the done function could not come before the work's end
    complete(Error{Code::cancelled, "cancelled"});
  else if (status == PINION_OK)
    complete(std::string());
  else
    complete(Error{codeOf(status), ""});
}

void TaskRun::cancel() {
  {
    std::unique_lock lock(host().mutex());
    unwanted_ = true;
    if (current_task == this) return;
    // Without a deadline: the plugin's own work, which its rules bound. Stop does not come here: see Host::quiet().
    host().changed().wait(lock, [&] { return stage_ != Stage::working; });
  }
  Operation::cancel();
}

void TaskRun::drop() {
  {
    const std::lock_guard lock(host().mutex());
    unwanted_ = true;
  }
  Operation::drop();
}

} // namespace pinion::core
