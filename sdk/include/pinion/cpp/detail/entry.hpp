// The trampolines between the C entry and a plugin class. Included by plugin.hpp.
#pragma once

namespace pinion {
inline namespace v0 {
namespace detail {

template <typename Plugin> struct Trampoline {
  explicit Trampoline(const pinion_host *raw) : host(raw), plugin(host) {}
  Host host;
  Plugin plugin;

  static pinion_status create(const pinion_host *raw, pinion_plugin_v1 *out, pinion_error *error) noexcept {
    try {
      out->size = sizeof *out;
      out->self = new Trampoline(raw);
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
      it->host.error("stop threw", Json{{"error", e.what()}});
    }
    it->host.release();
  }
  static void destroy(void *self) noexcept { delete static_cast<Trampoline *>(self); }
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
