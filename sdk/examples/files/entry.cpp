#include "worlds.hpp"

PINION_PLUGIN(Worlds, "worlds", "0.1.0", "Lists, packs and downloads worlds", "pinion.routes/1", "pinion.tasks/1",
              "pinion.files/1", "pinion.archives/1", "pinion.fetch/1");
