#include "loader/sockets.hpp"

#include "loader/arguments.hpp"
#include "loader/replies.hpp"

namespace pinion::core {

namespace {

// Frames of one socket that wait for the plugin's lane. A client that sends faster than that is closed.
constexpr std::size_t kMaxWaiting = 512;
constexpr std::uint16_t kPolicyViolation = 1008;

// An accepted socket: brings its frames to the lane.
class SocketFrames final : public Resource {
public:
  SocketFrames(std::shared_ptr<Host> owner, pinion_frame_fn fn, void *user)
      : Resource(std::move(owner)), fn_(fn), user_(user) {}
  void cancel() override {}
  void drop() override {}

  void frame(std::uint64_t socket, FrameKind kind, std::string data) { // [io]
    const bool last = kind == FrameKind::closed;
    if (last) {
      closed_ = true;
      host().sockets.with([&](auto &all) { all.erase(socket); });
    } else if (waiting_ >= kMaxWaiting) {
      if (!overrun_.exchange(true))
        host().services().front.closeSocket(socket, kPolicyViolation, "too many messages at once");
      return;
    }
    ++waiting_;
    const auto self = std::static_pointer_cast<SocketFrames>(shared_from_this());
    host().lane().post([self, socket, kind, bytes = std::move(data)] {
      --self->waiting_;
      self->host().call(*self, "socket", "frame", [&] {
        self->fn_(self->user_, socket, static_cast<std::uint32_t>(kind), pinion_span{bytes.data(), bytes.size()});
      });
    });
  }
  // The socket is open; it is closed with the plugin.
  void opened(std::uint64_t socket) {
    host().sockets.with([&](auto &all) { all.insert(socket); });
    if (closed_) host().sockets.with([&](auto &all) { all.erase(socket); });
  }

private:
  const pinion_frame_fn fn_;
  void *const user_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> overrun_ = false, closed_ = false;
};

SocketOptions optionsOf(const pinion_socket_options *given) {
  SocketOptions out;
  if (given == nullptr) return out;
  if (given->max_wire_bytes != 0) out.max_wire_bytes = given->max_wire_bytes;
  if (given->max_message_bytes != 0) out.max_message_bytes = given->max_message_bytes;
  if (given->queue_bytes != 0) out.queue_bytes = given->queue_bytes;
  if (given->write_timeout_ms != 0) out.write_timeout = std::chrono::milliseconds(given->write_timeout_ms);
  return out;
}

bool isMessage(std::uint32_t opcode) { return opcode == PINION_FRAME_TEXT || opcode == PINION_FRAME_BINARY; }

} // namespace

pinion_status acceptSocket(pinion_reply *reply, const pinion_socket_options *options, pinion_frame_fn fn, void *user,
                           uint64_t *socket, pinion_error *error) noexcept {
  return guarded(error, [&]() -> Result<void> {
    if (reply == nullptr || fn == nullptr || socket == nullptr)
      return Error{Code::invalid, "the reply, the frame function or the socket is NULL"};
    if (options != nullptr && options->size < sizeof(pinion_socket_options))
      return Error{Code::invalid, "the size of the socket options is not set"};
    const auto pending = Replies::all().take(reply);
    if (!pending) return Error{Code::cancelled, "the reply is used up"};
    if (!pending->exchange) {
      Replies::answer(*pending, PINION_E_INTERNAL, "a call is no WebSocket");
      return Error{Code::invalid, "the reply is one to a call"};
    }
    const auto frames = std::make_shared<SocketFrames>(pending->host, fn, user);
    const auto accepted =
        pending->exchange->accept(optionsOf(options), [frames](std::uint64_t id, FrameKind kind, std::string data) {
          frames->frame(id, kind, std::move(data));
        });
    if (!accepted) // what the client did wrong is INVALID to the plugin, whatever the answer's status was
      return Error{accepted.error().code == Code::denied ? Code::invalid : accepted.error().code,
                   accepted.error().text};
    *socket = *accepted;
    frames->opened(*accepted);
    return {};
  });
}

pinion_status frameSocket(const pinion_host *raw, uint64_t socket, uint32_t opcode, pinion_span message) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = spanArgument(message, "message");
    if (!text) return text.error();
    if (!isMessage(opcode)) return Error{Code::invalid, "a message is text or binary"};
    const Code code = host.services().front.frame(socket, opcode, *text);
    if (code != Code::ok) return Error{code, "the message was not queued"};
    return {};
  });
}

pinion_status broadcastSockets(const pinion_host *raw, const uint64_t *sockets, size_t count, uint32_t opcode,
                               uint32_t flags, pinion_span message) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = spanArgument(message, "message");
    if (!text) return text.error();
    if (count == 0) return {};
    if (sockets == nullptr || !isMessage(opcode))
      return Error{Code::invalid, "the sockets are NULL, or the message is neither text nor binary"};
    host.services().front.broadcast(sockets, count, opcode, (flags & PINION_BROADCAST_DROPPABLE) != 0, *text);
    return {};
  });
}

pinion_status closeSocket(const pinion_host *raw, uint64_t socket, uint16_t code, pinion_span reason) noexcept {
  return hosted(raw, nullptr, [&](Host &host) -> Result<void> {
    const auto text = spanArgument(reason, "reason", 123);
    if (!text) return text.error();
    if (code != 0 && (code < 1000 || code > 4999)) return Error{Code::invalid, "there is no such close code"};
    const Code closed = host.services().front.closeSocket(socket, code, *text);
    if (closed != Code::ok) return Error{closed, "the socket was not closed"};
    return {};
  });
}

} // namespace pinion::core
