#include "install.hpp"

PINION_PLUGIN(install::Install, "install", "0.1.0", "Installs and reinstalls servers by their egg's script",
              "pinion.bus/1", "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.tasks/1", "pinion.routes/1",
              "pinion.servers/1", "pinion.files/1", "pinion.environment/1", "pinion.panel/1");
