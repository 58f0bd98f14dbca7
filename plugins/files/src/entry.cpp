#include "plugin.hpp"

PINION_PLUGIN(pinion::files::FilesPlugin, "files", "0.1.0", "The routes about the files of servers", "pinion.bus/1",
              "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.tasks/1", "pinion.routes/1",
              "pinion.servers/1", "pinion.files/1", "pinion.tokens/1");
