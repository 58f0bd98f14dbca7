#include "websocket.hpp"

PINION_PLUGIN(pinion::websocket::Websocket, "websocket", "0.1.0", "The servers' consoles over WebSockets",
              "pinion.bus/1", "pinion.reply/1", "pinion.log/1", "pinion.config/1", "pinion.timers/1", "pinion.tasks/1",
              "pinion.routes/1", "pinion.servers/1", "pinion.files/1", "pinion.tokens/1");
