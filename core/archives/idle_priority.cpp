#include "archives/idle_priority.hpp"

#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pinion::core::archives {

IdlePriority::IdlePriority() : before_(static_cast<int>(::syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0))) {
  ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

IdlePriority::~IdlePriority() {
  if (before_ >= 0) ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, before_);
}

} // namespace pinion::core::archives
