// The C++ wrapper of the plugin ABI: header-only, nothing in it has external linkage across the border.
//
// A plugin is a class with a constructor that takes a `pinion::Host`, and `Result<void> start()` and `void stop()`.
// PINION_PLUGIN emits the entry. Everything that outlives a call is coroutine code on the plugin's lane: handlers and
// event functions run one after another there, so members need no locks (see docs/sdk/rules.md). Coroutine frames and
// callbacks are freed after stop() returned and before the plugin object goes, so they may refer to its members.
#pragma once

#include <pinion/cpp/exchange.hpp>
#include <pinion/cpp/files.hpp>
#include <pinion/cpp/host.hpp>
#include <pinion/cpp/result.hpp>
#include <pinion/cpp/signal.hpp>
#include <pinion/cpp/task.hpp>

#include <pinion/cpp/detail/entry.hpp>
