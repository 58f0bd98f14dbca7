#include "archives/gzip_sink.hpp"

#include "archives/gzip_block.hpp"

#include <pthread.h>
#include <zlib.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace pinion::core::archives {

struct GzipSink::Impl {
  Impl(ByteSink &o, Level l, std::size_t t) : out(o), level(l), wanted(std::max<std::size_t>(1, t)) {}

  // A block to fill: a new one while there may be more, else the oldest once it is written.
  Result<void> take() {
    if (!spare.empty()) {
      current = std::move(spare.back());
      spare.pop_back();
    } else if (under_way.size() < wanted + 1) {
      current = std::make_unique<Block>();
      current->in.reserve(kBlock);
    } else {
      if (auto written = writeOldest(); !written) return written;
      current = std::move(spare.back());
      spare.pop_back();
    }
    current->in.clear();
    current->before = std::move(window);
    current->done = false;
    window.clear();
    return {};
  }

  void start() {
    while (threads.size() < wanted) {
      try {
        threads.emplace_back([this] { work(); });
      } catch (const std::system_error &) {
        break; // fewer will do, and without any the caller's thread deflates
      }
      const std::string name = "archive-" + std::to_string(threads.size() - 1);
      pthread_setname_np(threads.back().native_handle(), name.c_str());
    }
    started = true;
  }

  void work() {
    Deflater deflater(level);
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return ended || !todo.empty(); }); // ended by the sink's end, which joins
      if (ended) return;
      Block &block = *todo.front();
      todo.pop_front();
      lock.unlock();
      deflater.run(block);
      lock.lock();
      block.done = true;
      changed.notify_all();
    }
  }

  void submit() {
    if (level != Level::none) {
      const std::size_t keep = std::min(kWindow, current->in.size());
      window.assign(current->in.end() - static_cast<std::ptrdiff_t>(keep), current->in.end());
    }
    under_way.push_back(std::move(current));
    if (threads.empty()) {
      if (!own) own = std::make_unique<Deflater>(level);
      own->run(*under_way.back());
      under_way.back()->done = true;
      return;
    }
    const std::lock_guard lock(mutex);
    todo.push_back(under_way.back().get());
    changed.notify_all();
  }

  Result<void> writeOldest() {
    {
      std::unique_lock lock(mutex); // bounded: compressing a megabyte waits for nothing
      changed.wait(lock, [&] { return under_way.front()->done; });
    }
    std::unique_ptr<Block> block = std::move(under_way.front());
    under_way.pop_front();
    if (!begun) {
      begun = true;
      static constexpr char head[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff'}; // no name, no time, no system
      if (auto written = out.write({head, sizeof head}); !written) return written;
    }
    crc = static_cast<std::uint32_t>(crc32_combine(crc, block->crc, static_cast<z_off_t>(block->in.size())));
    bytes += block->in.size();
    auto written = out.write({block->out.data(), block->out.size()});
    spare.push_back(std::move(block));
    return written;
  }

  ByteSink &out;
  const Level level;
  const std::size_t wanted;
  // The caller's.
  std::unique_ptr<Block> current;
  std::vector<std::unique_ptr<Block>> spare;
  std::deque<std::unique_ptr<Block>> under_way; // in order
  std::vector<char> window;
  std::unique_ptr<Deflater> own;
  bool begun = false, started = false;
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;
  // The threads'.
  std::mutex mutex; // a condition needs it bare; guards the next lines and `done` of blocks
  std::condition_variable changed;
  std::deque<Block *> todo;
  bool ended = false;
  std::vector<std::thread> threads;
};

GzipSink::GzipSink(ByteSink &out, Level level, std::size_t threads)
    : impl_(std::make_unique<Impl>(out, level, threads)) {}

GzipSink::~GzipSink() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ended = true;
    impl_->changed.notify_all();
  }
  for (auto &thread : impl_->threads) thread.join();
}

Result<void> GzipSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!impl_->current) {
      if (impl_->begun || !impl_->under_way.empty()) // a first block alone is not worth threads
        if (!impl_->started) impl_->start();
      if (auto taken = impl_->take(); !taken) return taken;
    }
    auto &in = impl_->current->in;
    const std::string_view piece = bytes.substr(0, kBlock - in.size());
    in.insert(in.end(), piece.begin(), piece.end());
    bytes.remove_prefix(piece.size());
    if (in.size() == kBlock) impl_->submit();
  }
  return {};
}

Result<void> GzipSink::finish() {
  if (!impl_->current && impl_->under_way.empty())
    if (auto taken = impl_->take(); !taken) return taken; // nothing was written: a stream of nothing
  if (impl_->current) impl_->submit();
  while (!impl_->under_way.empty())
    if (auto written = impl_->writeOldest(); !written) return written;
  std::string tail("\x03\x00", 2); // an empty last block of deflate
  for (int shift = 0; shift < 32; shift += 8) tail.push_back(static_cast<char>(impl_->crc >> shift));
  for (int shift = 0; shift < 32; shift += 8) tail.push_back(static_cast<char>(impl_->bytes >> shift));
  if (auto written = impl_->out.write(tail); !written) return written;
  return impl_->out.finish();
}

} // namespace pinion::core::archives
