// A plugin that does nothing, with one flaw that a define chooses. Without one it is sound.
#include <pinion/plugin.h>

#include <cstring>
#include <stdexcept>

namespace {

[[maybe_unused]] pinion_status fail(pinion_error *error, const char *text) {
  error->code = PINION_E_IO;
  std::strncpy(error->message, text, sizeof error->message - 1);
  return PINION_E_IO;
}

[[maybe_unused]] pinion_status start(void *, [[maybe_unused]] pinion_error *error) {
#ifdef START_FAILS
  return fail(error, "the port is taken");
#elif defined START_THROWS
  throw std::runtime_error("thrown in start");
#else
  return PINION_OK;
#endif
}

[[maybe_unused]] void destroy(void *) {}

[[maybe_unused]] pinion_status create(const pinion_host *, [[maybe_unused]] pinion_plugin_v1 *out,
                                      [[maybe_unused]] pinion_error *error) {
#ifdef CREATE_FAILS
  return fail(error, "no licence was found");
#elif defined CREATE_THROWS
  throw std::runtime_error("thrown in create");
#else
  out->size = sizeof *out;
  out->start = &start;
  out->destroy = &destroy;
#ifdef CREATED_SHORT
  out->size = 8;
#endif
#ifdef DESTROY_NULL
  out->destroy = nullptr;
#endif
  return PINION_OK;
#endif
}

[[maybe_unused]] const char *const needs[] = {"pinion.bus/1",
#ifdef NEED_UNKNOWN
                                              "pinion.teleport/1",
#endif
                                              nullptr};

} // namespace

#ifdef NO_ENTRY
extern "C" PINION_EXPORT int pinion_something_else;
int pinion_something_else = 1;
#else

#ifdef SIZE_ZERO
#define ENTRY_SIZE 0
#elif defined SIZE_SHORT
#define ENTRY_SIZE 16
#else
#define ENTRY_SIZE sizeof(pinion_entry_v1)
#endif

#ifdef MAJOR_TWO
#define MAJOR 2
#else
#define MAJOR PINION_ABI_MAJOR
#endif

#ifdef MINOR_OTHER
#define MINOR 77
#else
#define MINOR PINION_ABI_MINOR
#endif

#ifdef ID_NULL
#define ID nullptr
#elif defined ID_MALFORMED
#define ID "Bad Id!"
#elif defined ID_CORE
#define ID "core"
#else
#define ID PLUGIN_ID
#endif

#ifdef CREATE_NULL
#define CREATE nullptr
#else
#define CREATE &create
#endif

extern "C" PINION_EXPORT const pinion_entry_v1 pinion_plugin_entry_v1 = {
    ENTRY_SIZE, MAJOR, MINOR, ID, "1.2.3", "a plugin for tests", needs, CREATE};
#endif
