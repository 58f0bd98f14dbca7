// The WebSocket slots of "pinion.routes/1".
#pragma once

#include <pinion/services.h>

namespace pinion::core {

pinion_status acceptSocket(pinion_reply *reply, const pinion_socket_options *options, pinion_frame_fn fn, void *user,
                           uint64_t *socket, pinion_error *error) noexcept;
pinion_status frameSocket(const pinion_host *raw, uint64_t socket, uint32_t opcode, pinion_span message) noexcept;
pinion_status broadcastSockets(const pinion_host *raw, const uint64_t *sockets, size_t count, uint32_t opcode,
                               uint32_t flags, pinion_span message) noexcept;
pinion_status closeSocket(const pinion_host *raw, uint64_t socket, uint16_t code, pinion_span reason) noexcept;

} // namespace pinion::core
