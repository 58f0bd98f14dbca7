#include "archives/sources.hpp"

#include <brotli/decode.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <snappy.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pinion::core::archives {

Error damaged(const std::string &how) { return {Code::io, "the archive is damaged: " + how, EBADMSG}; }

namespace {

constexpr std::size_t kPiece = 128 * 1024;
// xz and lzip say themselves how far back they refer, up to 4 GiB, and a stream of zeros that is a few kilobytes long
// makes the daemon have all of it in memory. xz -9 needs 64 MiB; zstd's own bound is 128 MiB.
constexpr std::uint64_t kMostMemory = std::uint64_t{130} << 20;

// Input in pieces, for all of them.
class Decoder : public ByteSource {
public:
  explicit Decoder(ByteSource &from) : from_(from), piece_(kPiece) {}

protected:
  // More input when all of it is used up; false at the end.
  Result<bool> more() {
    if (at_ < end_) return true;
    auto got = from_.read(piece_.data(), piece_.size());
    if (!got) return got.error();
    at_ = 0;
    end_ = *got;
    return end_ != 0;
  }
  // `length` bytes in one; fewer only at the end.
  Result<std::string_view> exactly(std::size_t length) {
    if (end_ - at_ < length) {
      std::memmove(piece_.data(), piece_.data() + at_, end_ - at_);
      end_ -= at_;
      at_ = 0;
      if (piece_.size() < length) piece_.resize(length);
      while (end_ < length) {
        auto got = from_.read(piece_.data() + end_, piece_.size() - end_);
        if (!got) return got.error();
        if (*got == 0) break;
        end_ += *got;
      }
    }
    const std::string_view out(piece_.data() + at_, std::min(length, end_ - at_));
    at_ += out.size();
    return out;
  }
  std::uint8_t *next() { return reinterpret_cast<std::uint8_t *>(piece_.data()) + at_; }
  [[nodiscard]] std::size_t available() const { return end_ - at_; }
  void leave(std::size_t rest) { at_ = end_ - rest; } // what the library did not take

private:
  ByteSource &from_;
  std::vector<char> piece_;
  std::size_t at_ = 0, end_ = 0;
};

// Any number of members; what follows the last one and is none is passed over, as gzip does.
class Gunzip final : public Decoder {
public:
  explicit Gunzip(ByteSource &from) : Decoder(from), state_(std::make_unique<inflate_state>()) { reset(); }

  Result<std::size_t> read(char *into, std::size_t room) override {
    const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(room, 1U << 30));
    state_->next_out = reinterpret_cast<std::uint8_t *>(into);
    state_->avail_out = most;
    while (state_->avail_out == most && !over_) {
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        if (auto another = nextMember(); !another) return another.error();
        continue;
      }
      auto any = more();
      if (!any) return any.error();
      state_->next_in = next();
      state_->avail_in = static_cast<std::uint32_t>(available());
      const std::uint32_t before = state_->avail_in;
      const int status = isal_inflate(state_.get());
      leave(state_->avail_in);
      if (status < ISAL_DECOMP_OK || status == ISAL_NEED_DICT) return damaged("no gzip stream");
      const bool moved = state_->avail_in != before || state_->avail_out != most;
      if (!*any && !moved && state_->block_state != ISAL_BLOCK_FINISH) return damaged("it ends too early");
    }
    return static_cast<std::size_t>(most - state_->avail_out);
  }

private:
  void reset() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }
  Result<void> nextMember() {
    auto head = exactly(2);
    if (!head) return head.error();
    const bool member = *head == "\x1f\x8b";
    leave(available() + head->size());
    if (!member) {
      over_ = true;
      return {};
    }
    const auto out = std::pair(state_->next_out, state_->avail_out);
    isal_inflate_reset(state_.get());
    state_->crc_flag = ISAL_GZIP;
    std::tie(state_->next_out, state_->avail_out) = out;
    return {};
  }

  std::unique_ptr<inflate_state> state_;
  bool over_ = false;
};

class Unzlib final : public Decoder {
public:
  explicit Unzlib(ByteSource &from) : Decoder(from) { ready_ = inflateInit(&stream_) == Z_OK; }
  ~Unzlib() override {
    if (ready_) inflateEnd(&stream_);
  }

  Result<std::size_t> read(char *into, std::size_t room) override {
    if (!ready_) return Error{Code::internal, "zlib cannot be used"};
    const auto most = static_cast<uInt>(std::min<std::size_t>(room, 1U << 30));
    stream_.next_out = reinterpret_cast<Bytef *>(into);
    stream_.avail_out = most;
    while (stream_.avail_out == most && !over_) {
      auto any = more();
      if (!any) return any.error();
      if (!*any) return damaged("it ends too early");
      stream_.next_in = next();
      stream_.avail_in = static_cast<uInt>(available());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      leave(stream_.avail_in);
      if (status == Z_STREAM_END) over_ = true;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return damaged("no zlib stream");
    }
    return static_cast<std::size_t>(most - stream_.avail_out);
  }

private:
  z_stream stream_{};
  bool ready_ = false, over_ = false;
};

class Unbrotli final : public Decoder {
public:
  explicit Unbrotli(ByteSource &from) : Decoder(from), state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  ~Unbrotli() override { BrotliDecoderDestroyInstance(state_); }

  Result<std::size_t> read(char *into, std::size_t room) override {
    if (state_ == nullptr) return Error{Code::internal, "no memory for brotli"};
    auto *out = reinterpret_cast<std::uint8_t *>(into);
    std::size_t left = room;
    while (left == room && !over_) {
      std::size_t in = available();
      const std::uint8_t *from = next();
      const auto status = BrotliDecoderDecompressStream(state_, &in, &from, &left, &out, nullptr);
      leave(in);
      if (status == BROTLI_DECODER_RESULT_SUCCESS) over_ = true;
      if (status == BROTLI_DECODER_RESULT_ERROR) return damaged("no brotli stream");
      if (status != BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT || left != room) continue;
      auto any = more();
      if (!any) return any.error();
      if (!*any) return damaged("it ends too early");
    }
    return room - left;
  }

private:
  BrotliDecoderState *state_;
  bool over_ = false;
};

class Unlzma final : public Decoder {
public:
  Unlzma(ByteSource &from, bool lzip) : Decoder(from) {
    const auto made = lzip ? lzma_lzip_decoder(&stream_, kMostMemory, LZMA_CONCATENATED)
                           : lzma_stream_decoder(&stream_, kMostMemory, LZMA_CONCATENATED);
    ready_ = made == LZMA_OK;
  }
  ~Unlzma() override { lzma_end(&stream_); }

  Result<std::size_t> read(char *into, std::size_t room) override {
    if (!ready_) return Error{Code::internal, "no memory for xz"};
    stream_.next_out = reinterpret_cast<std::uint8_t *>(into);
    stream_.avail_out = room;
    while (stream_.avail_out == room && !over_) {
      auto any = more();
      if (!any) return any.error();
      stream_.next_in = next();
      stream_.avail_in = available();
      const lzma_ret status = lzma_code(&stream_, *any ? LZMA_RUN : LZMA_FINISH);
      leave(stream_.avail_in);
      if (status == LZMA_STREAM_END) over_ = true;
      if (status == LZMA_MEMLIMIT_ERROR)
        return Error{Code::full, "the archive needs more than 128 MiB of memory to be unpacked", E2BIG};
      if (status == LZMA_BUF_ERROR && !*any) return damaged("it ends too early");
      if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
        return damaged("no xz or lzip stream");
    }
    return room - stream_.avail_out;
  }

private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false, over_ = false;
};

// The framing format: chunks of a type, three bytes of length, and their content.
class Unsnappy final : public Decoder {
public:
  explicit Unsnappy(ByteSource &from) : Decoder(from) {}

  Result<std::size_t> read(char *into, std::size_t room) override {
    while (at_ == out_.size()) {
      auto any = chunk();
      if (!any) return any.error();
      if (!*any) return std::size_t{0};
    }
    const std::size_t length = std::min(room, out_.size() - at_);
    std::copy_n(out_.data() + at_, length, into);
    at_ += length;
    return length;
  }

private:
  static constexpr std::size_t kMostPlain = 65536; // in one chunk

  static std::uint32_t number(std::string_view bytes) {
    std::uint32_t out = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | static_cast<std::uint8_t>(bytes[i]);
    return out;
  }
  Result<bool> chunk() {
    out_.clear();
    at_ = 0;
    auto head = exactly(4);
    if (!head) return head.error();
    if (head->empty()) return false;
    if (head->size() < 4) return damaged("it ends too early");
    const auto type = static_cast<std::uint8_t>(head->front());
    const std::size_t length = number(head->substr(1));
    auto content = exactly(length);
    if (!content) return content.error();
    if (content->size() < length) return damaged("it ends too early");
    if (type == 0xff && *content != "sNaPpY") return damaged("no snappy stream");
    if (type >= 0x80) return true; // a beginning, padding, or what may be passed over
    if (type > 1 || length < 4) return damaged("a snappy chunk of an unknown kind");
    const std::string_view data = content->substr(4);
    std::size_t plain = data.size();
    if (type == 0 && !snappy::GetUncompressedLength(data.data(), data.size(), &plain)) plain = SIZE_MAX;
    if (plain > kMostPlain) return damaged("a snappy chunk is too long");
    out_.resize(plain);
    if (type == 1)
      out_.assign(data);
    else if (!snappy::RawUncompress(data.data(), data.size(), out_.data()))
      return damaged("a snappy chunk cannot be read");
    auto *bytes = reinterpret_cast<unsigned char *>(out_.data());
    const std::uint32_t crc = ~crc32_iscsi(bytes, static_cast<int>(out_.size()), 0xffffffffU);
    if (((crc >> 15 | crc << 17) + 0xa282ead8U) != number(content->substr(0, 4)))
      return damaged("a checksum does not fit");
    return true;
  }

  std::string out_;
  std::size_t at_ = 0;
};

} // namespace

std::unique_ptr<ByteSource> decoder(Coding coding, ByteSource &from) {
  switch (coding) {
  case Coding::gzip: return std::make_unique<Gunzip>(from);
  case Coding::zlib: return std::make_unique<Unzlib>(from);
  case Coding::brotli: return std::make_unique<Unbrotli>(from);
  case Coding::xz: return std::make_unique<Unlzma>(from, false);
  case Coding::lzip: return std::make_unique<Unlzma>(from, true);
  case Coding::snappy: break;
  }
  return std::make_unique<Unsnappy>(from);
}

} // namespace pinion::core::archives
