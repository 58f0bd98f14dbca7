#include "http/stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace pinion::core::http {

ConnectionCount::Slot ConnectionCount::take() {
  ++open_;
  return Slot(this);
}

void ConnectionCount::release() {
  --open_;
  if (released_) released_();
}

Stream::Stream(UniqueFd fd, const TlsContext &tls, ConnectionCount::Slot slot)
    : slot_(std::move(slot)), fd_(std::move(fd)) {
  if (!tls) return;
  ssl_.reset(SSL_new(tls.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) {
    ssl_.reset();
    fd_.reset(); // every use fails from here on
    return;
  }
  SSL_set_accept_state(ssl_.get());
}

Stream::Io Stream::failed(int result, bool reading) {
  switch (SSL_get_error(ssl_.get(), result)) {
  case SSL_ERROR_WANT_READ:
    if (!reading) write_needs_readable_ = true;
    return Io::again;
  case SSL_ERROR_WANT_WRITE:
    if (reading) read_needs_writable_ = true;
    return Io::again;
  case SSL_ERROR_ZERO_RETURN: return Io::end;
  default: break;
  }
  const auto code = ERR_peek_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST) {
    static constexpr std::string_view kText =
        "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    (void)::send(fd_.get(), kText.data(), kText.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  ERR_clear_error();
  return Io::failed;
}

Stream::Io Stream::read(char *buffer, std::size_t capacity, std::size_t &got) {
  got = 0;
  if (!fd_) return Io::failed;
  if (ssl_) {
    read_needs_writable_ = false;
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), buffer, static_cast<int>(capacity));
    if (result <= 0) return failed(result, true);
    got = static_cast<std::size_t>(result);
    return Io::ok;
  }
  ssize_t result = 0;
  do result = ::recv(fd_.get(), buffer, capacity, 0);
  while (result < 0 && errno == EINTR);
  if (result == 0) return Io::end;
  if (result < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Io::again : Io::failed;
  got = static_cast<std::size_t>(result);
  return Io::ok;
}

Stream::Io Stream::write(const iovec *parts, int count, std::size_t &wrote) {
  wrote = 0;
  if (!fd_) return Io::failed;
  if (ssl_) {
    // One record holds 16 KiB. Small pieces are put together: a record costs more than the copy.
    write_needs_readable_ = false;
    std::array<char, 16384> record;
    const char *data = static_cast<const char *>(parts[0].iov_base);
    std::size_t size = parts[0].iov_len;
    if (size < record.size() && count > 1) {
      size = 0;
      for (int i = 0; i < count && size < record.size(); ++i) {
        const std::size_t taken = std::min(parts[i].iov_len, record.size() - size);
        std::memcpy(record.data() + size, parts[i].iov_base, taken);
        size += taken;
      }
      data = record.data();
    }
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), data, static_cast<int>(std::min(size, record.size())));
    if (result <= 0) return failed(result, false);
    wrote = static_cast<std::size_t>(result);
    return Io::ok;
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec *>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  ssize_t result = 0;
  do result = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  while (result < 0 && errno == EINTR);
  if (result < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Io::again : Io::failed;
  wrote = static_cast<std::size_t>(result);
  return Io::ok;
}

void Stream::endWriting() {
  if (!fd_) return;
  if (ssl_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::reset() {
  if (!fd_) return;
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

} // namespace pinion::core::http
