#include "power.hpp"

PINION_PLUGIN(power::Power, "power", "0.1.0", "Power actions, states, crashes and consoles of the servers",
              "pinion.bus/1", "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.timers/1", "pinion.tasks/1",
              "pinion.routes/1", "pinion.servers/1", "pinion.files/1", "pinion.environment/1");
