// The calling thread reads and writes only when nobody else wants the disk, while this lives: games come first.
#pragma once

namespace pinion::core::archives {

class IdlePriority {
public:
  IdlePriority();
  ~IdlePriority();
  IdlePriority(const IdlePriority &) = delete;
  IdlePriority &operator=(const IdlePriority &) = delete;

private:
  int before_;
};

} // namespace pinion::core::archives
