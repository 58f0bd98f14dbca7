#include "http/body_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace pinion::core::http {
namespace {

constexpr std::uint64_t kWakeAt = 128 * 1024;

} // namespace

BodySocket::BodySocket(Stream stream, std::uint64_t length)
    : stream_(std::move(stream)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), left_(length) {
  wakeAt(std::min(left_, kWakeAt));
}

// A client on a network brings a few kilobytes at a time. What came is read in any case when the wait ends.
void BodySocket::wakeAt(std::uint64_t bytes) {
  if (bytes == wake_at_ || stream_.isTls()) return;
  const int low = static_cast<int>(bytes);
  if (::setsockopt(stream_.fd(), SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low) == 0) wake_at_ = bytes;
}

bool BodySocket::fill(char *buffer, std::size_t wanted, std::size_t &got) {
  while (got < wanted) {
    std::size_t piece = 0;
    const auto result = stream_.read(buffer + got, wanted - got, piece);
    got += piece;
    if (result == Stream::Io::again) break;
    if (result != Stream::Io::ok) return got > 0; // the next call tells again
    if (!stream_.isTls()) break;                  // it took all there is; TLS gives a record at a time
  }
  return true;
}

BodySocket::Got BodySocket::read(char *buffer, std::size_t capacity, std::chrono::milliseconds wait, std::size_t &got) {
  got = 0;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, left_));
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (true) {
    if (!fill(buffer, wanted, got)) return Got::broken;
    if (got > 0) {
      left_ -= got;
      wakeAt(std::clamp<std::uint64_t>(left_, 1, kWakeAt));
      return Got::bytes;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return Got::late;
    const short direction = stream_.readNeedsWritable() ? POLLOUT : POLLIN;
    std::array<pollfd, 2> waiting{{{stream_.fd(), direction, 0}, {event_.get(), POLLIN, 0}}};
    (void)::poll(waiting.data(), waiting.size(), static_cast<int>(std::min<long>(left, 3'600'000)));
    if ((waiting[1].revents & POLLIN) != 0) return Got::recalled;
  }
}

void BodySocket::recall() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one); // full: it is readable already
}

Stream BodySocket::take() {
  wakeAt(1);
  return std::move(stream_);
}

} // namespace pinion::core::http
