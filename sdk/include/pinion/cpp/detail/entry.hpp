// The trampolines between the C entry and a plugin class. Included by plugin.hpp.
#pragma once

#include <pinion/cpp/host.hpp>

namespace pinion {
inline namespace v0 {
namespace detail {

template <typename Plugin> struct Trampoline {
  explicit Trampoline(const Host &h) : host(h), plugin(h) {}
  Host host;
  Plugin plugin;

  static pinion_status create(const pinion_host *raw, pinion_plugin_v1 *out, pinion_error *error) noexcept {
    try {
      const Host host(raw);
      try {
        out->self = new Trampoline(host);
      } catch (...) {
        host.release(); // callbacks that hold the host would keep each other alive
        throw;
      }
      out->size = sizeof *out;
      out->start = &Trampoline::start;
      out->stop = &Trampoline::stop;
      out->destroy = &Trampoline::destroy;
      return PINION_OK;
    } catch (const std::exception &e) {
      setError(error, Error{PINION_E_INTERNAL, e.what()});
      return PINION_E_INTERNAL;
    } catch (...) {
      setError(error, Error{PINION_E_INTERNAL, "create threw"});
      return PINION_E_INTERNAL;
    }
  }
  static pinion_status start(void *self, pinion_error *error) noexcept {
    try {
      const Result<void> result = static_cast<Trampoline *>(self)->plugin.start();
      if (result) return PINION_OK;
      setError(error, result.error());
      return result.error().code;
    } catch (const std::exception &e) {
      setError(error, Error{PINION_E_INTERNAL, e.what()});
      return PINION_E_INTERNAL;
    } catch (...) {
      setError(error, Error{PINION_E_INTERNAL, "start threw"});
      return PINION_E_INTERNAL;
    }
  }
  // The lane is paused: nothing of this plugin runs beside it.
  static void stop(void *self) noexcept {
    auto *it = static_cast<Trampoline *>(self);
    try {
      it->plugin.stop();
    } catch (const std::exception &e) {
      complain(*it, e.what());
    } catch (...) {
      complain(*it, "an exception that is no std::exception");
    }
    it->host.release();
  }
  // Also comes without stop() when start() failed.
  static void destroy(void *self) noexcept {
    auto *it = static_cast<Trampoline *>(self);
    it->host.release();
    delete it;
  }
  static void complain(const Trampoline &it, const char *what) noexcept {
    try {
      it.host.error("stop threw", Json{{"error", what}});
    } catch (...) { // out of memory while logging: nothing more can be said
    }
  }
};

} // namespace detail
} // namespace v0
} // namespace pinion

// The entry of a plugin. `...` are the ids of services it cannot do without.
#define PINION_PLUGIN(Class, plugin_id, plugin_version, plugin_summary, ...)                                           \
  namespace {                                                                                                          \
  const char *const pinion_plugin_needs_[] = {__VA_ARGS__ __VA_OPT__(, ) nullptr};                                     \
  }                                                                                                                    \
  extern "C" PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1 = {                                            \
      sizeof(pinion_entry_v1), PINION_ABI_MAJOR, PINION_ABI_MINOR,     plugin_id,                                      \
      plugin_version,          plugin_summary,   pinion_plugin_needs_, &pinion::detail::Trampoline<Class>::create}
