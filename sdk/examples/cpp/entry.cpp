// [entry]
#include "idle_stop.hpp"

PINION_PLUGIN(IdleStop, "idle-stop", "0.1.0", "Stops servers whose console is silent", "pinion.bus/1",
              "pinion.timers/1", "pinion.routes/1");
// [entry]
