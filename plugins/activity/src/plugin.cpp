#include "activity.hpp"

PINION_PLUGIN(activity::Activity, "activity", "0.1.0", "Keeps what users did to servers, and tells the Panel",
              "pinion.bus/1", "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.timers/1", "pinion.tasks/1",
              "pinion.panel/1", "pinion.store/1", "pinion.files/1");
