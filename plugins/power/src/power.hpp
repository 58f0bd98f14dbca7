// Power actions, states, start detection, crashes, console lines and commands of the servers of a node.
//
// Everything runs on the plugin's lane; what can take time is a coroutine there, or a piece of work on the pool
// (work()). One Game a server is kept from the first time it is heard of until it is deleted. boot.cpp holds the
// start, ending.cpp all ways to end, console.cpp what containers say, front.cpp the routes and offers.
#pragma once

#include "game.hpp"
#include "requests.hpp"

#include <pinion/cpp/plugin.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace power {

using pinion::Answer;
using pinion::Error;
using pinion::EventView;
using pinion::Json;
using pinion::Result;
using pinion::Task;

class Power {
public:
  explicit Power(pinion::Host host) : host_(std::move(host)) {}
  Result<void> start();
  void stop();

private:
  // -- servers (power.cpp) --------------------------------------------------------------------------------------
  GamePtr game(const std::string &uuid); // makes it when it is new
  GamePtr known(std::string_view uuid) const;
  void forget(std::string_view uuid);
  void setState(Game &game, State state);
  Profile &profileOf(Game &game);
  void say(const Game &game, std::string_view text); // a daemon line on its console
  void complain(const Game &game, std::string_view what, const Error &error);
  Result<void> listen(const std::string &pattern, void (Power::*fn)(const EventView &));
  Result<void> subscribe(std::size_t index);

  void onRestore(const EventView &event);
  void onSynced(const EventView &event);
  void onDiskExceeded(const EventView &event);
  void onDeleted(const EventView &event);
  void onRuntime(const EventView &event);
  void onConfig(const EventView &event);

  // An act on the server's container, ended when the server is deleted or, with `action`, when that is ended.
  Task<Answer> act(GamePtr game, std::string verb, std::string args, std::uint32_t deadline_ms,
                   ActionPtr action = nullptr);
  Task<Answer> call(GamePtr game, std::string address, std::string payload, std::uint32_t deadline_ms,
                    ActionPtr action);
  template <typename T, typename F> Task<Result<T>> work(F fn);

  // -- actions (actions.cpp) ------------------------------------------------------------------------------------
  // start, stop, restart or kill, in the order of pre-check, lock, action.
  Task<Result<void>> perform(GamePtr game, std::string action, std::uint32_t wait_seconds);
  Task<Result<void>> performLocked(GamePtr game, std::string action, ActionPtr current);
  Task<bool> acquire(ActionLock &lock, std::uint32_t wait_ms);
  Result<void> preCheck(const Game &game) const;
  // Ends an action under way that would start the server, unless its container is being launched: that is near its
  // end, and is waited for. True when it was booting.
  bool endAction(Game &game, const char *by);
  // The same, launched or not.
  void breakOff(Game &game, const char *by);
  Task<Result<void>> kill(GamePtr game);
  // Takes the lock if it can be had, then stops: for those who must not be refused.
  Task<Result<void>> stopRegardless(GamePtr game, std::uint32_t deadline_ms, bool kill, const char *by);
  Task<void> stopInBackground(GamePtr game, std::uint32_t deadline_ms, const char *by);

  // -- start (boot.cpp) -----------------------------------------------------------------------------------------
  Task<Result<void>> boot(GamePtr game, ActionPtr action);
  Task<Result<void>> prepare(GamePtr game, ActionPtr action);
  Task<Result<void>> checkDisk(GamePtr game, ActionPtr action);
  Task<Result<void>> runSteps(GamePtr game, ActionPtr action);
  Task<Result<void>> runContainer(GamePtr game, ActionPtr action);
  Task<Result<void>> makeContainer(GamePtr game, ActionPtr action);
  Task<Result<void>> attachAndStart(GamePtr game, ActionPtr action, bool start);
  Task<void> startAfterBoot(GamePtr game);

  // -- ends (ending.cpp) ----------------------------------------------------------------------------------------
  Task<Result<void>> waitForStop(GamePtr game, std::uint32_t deadline_ms, bool kill);
  // True: it has ended already.
  Task<Result<bool>> issueStop(GamePtr game, std::uint32_t deadline_ms);
  Task<void> runStopSteps(GamePtr game);
  Task<Result<void>> terminate(GamePtr game);
  void ended(const GamePtr &game);   // the engine says that it does not run
  void endedBy(const GamePtr &game); // the same, and it was asked for: never a crash
  // Looks at the container until its state is known: attached again, or ended. `ending`: its end was told.
  Task<void> follow(GamePtr game, bool ending);
  Task<void> handleCrash(GamePtr game);
  Task<void> reportCrash(GamePtr game, std::int64_t code, bool out_of_memory);
  Task<void> recordActivity(GamePtr game, std::string entry);
  Task<void> restartAfterCrash(GamePtr game);

  // -- console (console.cpp) ------------------------------------------------------------------------------------
  void hear(Game &game); // of the container's events
  void onContainer(Game &game, const EventView &event);
  void onLine(Game &game, std::string_view line);
  void resetConsole(Game &game);
  Result<void> sendCommand(Game &game, const std::string &command);

  // -- routes and offers (front.cpp) ----------------------------------------------------------------------------
  Result<void> addRoutes();
  Result<void> addOffers();
  void onPowerRequest(pinion::Exchange exchange);
  void onCommandsRequest(pinion::Exchange exchange);
  Task<void> performForPanel(GamePtr game, std::string action, std::uint32_t wait_seconds);
  Task<void> answerLogs(pinion::Exchange exchange);
  Task<void> answerAct(GamePtr game, std::string action, std::uint32_t wait_seconds, pinion::CallReply reply);
  Task<void> answerStop(GamePtr game, std::uint32_t deadline_ms, bool kill, pinion::CallReply reply);
  Task<void> answerLogCall(GamePtr game, int size, pinion::CallReply reply);

  struct Listening {
    std::string pattern;
    void (Power::*fn)(const EventView &);
    pinion::Handle handle;
  };

  pinion::Host host_;
  std::string app_name_;
  std::map<std::string, GamePtr, std::less<>> games_;
  ActionLock boot_slots_{4}; // starts at the daemon's boot: so many at once
  pinion::Signal runtime_found_;
  std::vector<Listening> listening_;
  std::vector<pinion::Handle> offers_;
  bool stopping_ = false;
};

// `fn` on the pool; what cannot be queued is an Error like what `fn` itself refuses.
template <typename T, typename F> Task<Result<T>> Power::work(F fn) {
  try {
    co_return co_await host_.run(std::move(fn));
  } catch (const std::exception &failure) {
    co_return Error{PINION_E_INTERNAL, failure.what()};
  }
}

} // namespace power
