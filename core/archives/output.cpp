#include "archives/output.hpp"

#include "base/fd.hpp"

#include <openssl/evp.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinion::core::archives {

namespace {

constexpr int kSlice = 100;                      // ms between two questions whether to stop
constexpr std::chrono::minutes kPatience{10};    // with a reader that takes nothing
constexpr std::size_t kLimitedPiece = 64 * 1024; // with a rate: small enough that the flow is even

Error cancelled() { return {Code::cancelled, "the archive was cancelled", ECANCELED}; }

} // namespace

void Output::Free::operator()(evp_md_ctx_st *context) const { EVP_MD_CTX_free(context); }

Output::Output(int fd, const Options &options, Stopped stopped)
    : fd_(fd), options_(options), stopped_(std::move(stopped)), allowance_(static_cast<double>(options.rate)),
      refilled_(std::chrono::steady_clock::now()) {
  struct stat info {};
  if (::fstat(fd_, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    flags_ = ::fcntl(fd_, F_GETFL);
    if (flags_ >= 0) ::fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
  }
  if (options_.checksum == Checksum::none) return;
  digest_.reset(EVP_MD_CTX_new());
  if (digest_)
    EVP_DigestInit_ex(digest_.get(), options_.checksum == Checksum::sha1 ? EVP_sha1() : EVP_sha256(), nullptr);
}

Output::~Output() {
  if (flags_ >= 0) ::fcntl(fd_, F_SETFL, flags_);
}

Result<void> Output::write(std::string_view bytes) {
  if (options_.limit != 0 && bytes.size() > options_.limit - std::min(options_.limit, bytes_))
    return Error{Code::full, "the archive grows beyond " + std::to_string(options_.limit) + " bytes", EFBIG};
  while (!bytes.empty()) {
    const std::string_view piece = options_.rate == 0 ? bytes : bytes.substr(0, kLimitedPiece);
    if (stopped_ && stopped_()) return cancelled();
    if (options_.rate != 0)
      if (auto turn = waitForTurn(piece.size()); !turn) return turn;
    if (auto done = put(piece); !done) return done;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<void> Output::put(std::string_view bytes) {
  if (digest_ && EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()) != 1)
    return Error{Code::internal, "the checksum of the archive cannot be computed"};
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_, bytes.data(), std::min(bytes.size(), kWrittenAtOnce));
    if (done > 0) {
      bytes_ += static_cast<std::uint64_t>(done);
      bytes.remove_prefix(static_cast<std::size_t>(done));
    } else if (done < 0 && errno == EAGAIN) {
      if (auto ready = waitForReader(); !ready) return ready;
    } else if (done == 0 || errno != EINTR) {
      const int error = done == 0 ? EIO : errno;
      return Error{error == EDQUOT ? Code::full : Code::io,
                   std::string("the archive cannot be written: ") + std::strerror(error), error};
    }
  }
  return {};
}

Result<void> Output::waitForReader() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    if (stopped_ && stopped_()) return cancelled();
    pollfd waits{fd_, POLLOUT, 0};
    if (::poll(&waits, 1, kSlice) > 0) return {};
    if (std::chrono::steady_clock::now() > deadline) return Error{Code::timeout, "nobody reads the archive", ETIMEDOUT};
  }
}

Result<void> Output::waitForTurn(std::size_t bytes) {
  const auto rate = static_cast<double>(options_.rate);
  const double wanted = std::min(static_cast<double>(bytes), rate);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    allowance_ = std::min(rate, allowance_ + rate * std::chrono::duration<double>(now - refilled_).count());
    refilled_ = now;
    if (allowance_ >= wanted) {
      allowance_ -= static_cast<double>(bytes);
      return {};
    }
    if (stopped_ && stopped_()) return cancelled();
    const double missing = (wanted - allowance_) / rate * 1000;
    ::poll(nullptr, 0, static_cast<int>(std::clamp(missing, 1.0, double{kSlice})));
  }
}

Result<void> Output::finish() {
  if (!digest_) return {};
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_DigestFinal_ex(digest_.get(), sum, &length) != 1)
    return Error{Code::internal, "the checksum of the archive cannot be computed"};
  for (unsigned i = 0; i < length; ++i) {
    checksum_.push_back("0123456789abcdef"[sum[i] >> 4]);
    checksum_.push_back("0123456789abcdef"[sum[i] & 15]);
  }
  digest_.reset();
  return {};
}

} // namespace pinion::core::archives
