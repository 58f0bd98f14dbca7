#include "system.hpp"

PINION_PLUGIN(pinion::system::System, "system", "0.1.0", "The routes about the node and its servers", "pinion.bus/1",
              "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.tasks/1", "pinion.routes/1",
              "pinion.servers/1", "pinion.tokens/1");
