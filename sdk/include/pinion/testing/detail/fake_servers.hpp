// The fake host's servers, environment, Panel and tokens. Included by fake_host.hpp.
#pragma once

#include <pinion/testing/detail/fake_lane.hpp>

#include <memory>
#include <set>

namespace pinion::testing {

namespace detail {
// Something asked of the outside that the test answers: an act, a call of the Panel.
struct AskedState {
  std::uint64_t id = 0, timer = 0;
  pinion_done_fn done = nullptr;
  void *user = nullptr;
};
} // namespace detail

// A question that the plugin asked and the test answers once. Copyable.
class FakeAsked {
public:
  std::string server, verb; // an act's; for a call of the Panel: empty, and the method
  std::string path;         // of a call of the Panel
  std::string args;         // JSON text, the body of a call of the Panel
  uint32_t deadline_ms = 0;
  Json json() const { return Json::parse(args, nullptr, false); }
  void ok(const std::string &answer = "{}") const { end_(PINION_OK, answer); }
  void fail(pinion_status code, const std::string &text) const { end_(code, text); }
  bool cancelled() const { return state_->done == nullptr; }

  // For the fake itself.
  FakeAsked(std::shared_ptr<detail::AskedState> state, std::function<void(pinion_status, const std::string &)> end)
      : state_(std::move(state)), end_(std::move(end)) {}

private:
  std::shared_ptr<detail::AskedState> state_;
  std::function<void(pinion_status, const std::string &)> end_;
};

namespace detail {

// Questions that wait for the test: recorded, or answered by a function that the test gave.
class FakeOutside {
public:
  using Answerer = std::function<void(FakeAsked)>;
  explicit FakeOutside(FakeLane &lane) : lane_(lane) {}

  std::vector<FakeAsked> asked;              // all, oldest first
  std::map<std::string, Answerer> answerers; // by verb (or "METHOD path"); "" for all others

  std::uint64_t ask(FakeAsked question, const std::shared_ptr<AskedState> &state, const std::string &key) {
    if (question.deadline_ms > 0)
      state->timer =
          lane_.after(question.deadline_ms, 0, [this, state] { end(state, PINION_E_TIMEOUT, "the deadline passed"); });
    waiting_[state->id] = state;
    asked.push_back(question);
    lane_.post([this, question, key] {
      auto it = answerers.find(key);
      if (it == answerers.end()) it = answerers.find("");
      if (it == answerers.end() || question.cancelled()) return;
      const Answerer answerer = it->second;
      lane_.in(Context::main, [&] { answerer(question); });
    });
    return state->id;
  }
  FakeAsked make(pinion_done_fn done, void *user, std::shared_ptr<AskedState> &state) {
    state = std::make_shared<AskedState>();
    state->id = lane_.newId();
    state->done = done;
    state->user = user;
    return FakeAsked(state, [this, state](pinion_status status, const std::string &text) { end(state, status, text); });
  }
  bool cancel(std::uint64_t id) {
    const auto it = waiting_.find(id);
    if (it == waiting_.end()) return false;
    const std::shared_ptr<AskedState> state = it->second;
    const pinion_done_fn done = forget(*state);
    if (done != nullptr) done(state->user, PINION_E_CANCELLED, span("it was cancelled"));
    return true;
  }
  void clearPlugin() {
    for (auto &[id, state] : waiting_) state->done = nullptr;
    waiting_.clear();
  }
  std::size_t waiting() const { return waiting_.size(); }

private:
  void end(const std::shared_ptr<AskedState> &state, pinion_status status, const std::string &text) {
    const pinion_done_fn done = forget(*state);
    if (done != nullptr) lane_.post([done, user = state->user, status, text] { done(user, status, span(text)); });
  }
  pinion_done_fn forget(AskedState &state) {
    lane_.cancelTimer(state.timer);
    waiting_.erase(state.id);
    return std::exchange(state.done, nullptr);
  }
  FakeLane &lane_;
  std::map<std::uint64_t, std::shared_ptr<AskedState>> waiting_;
};

class FakeServers {
public:
  explicit FakeServers(FakeLane &lane) : lane_(lane) {}

  std::map<std::string, Json> documents;
  std::map<std::string, std::string> console; // what was typed into attached consoles
  std::function<void(const std::string &server, const std::string &state)> on_state;

  std::string list() const {
    Json out = Json::array();
    for (const auto &[uuid, document] : documents) out.push_back(uuid);
    return out.dump();
  }
  pinion_status read(const std::string &server, const std::string &pointer, const pinion_sink *out,
                     pinion_error *error) const {
    const auto it = documents.find(server);
    if (it == documents.end()) return refuse(error, PINION_E_NOT_FOUND, "server \"" + server + "\" is not known");
    return readAt(it->second, pointer, out, error);
  }
  static pinion_status readAt(const Json &document, const std::string &pointer, const pinion_sink *out,
                              pinion_error *error) {
    if (!pointer.empty() && pointer[0] != '/')
      return refuse(error, PINION_E_INVALID, "\"" + pointer + "\" is no JSON pointer");
    const Json::json_pointer at(pointer);
    if (!document.contains(at)) return refuse(error, PINION_E_NOT_FOUND, "there is nothing at \"" + pointer + "\"");
    return put(out, document.at(at).dump());
  }
  pinion_status hold(const std::string &server, const std::string &why, std::uint64_t *id, pinion_error *error) {
    const auto it = documents.find(server);
    if (it == documents.end()) return refuse(error, PINION_E_NOT_FOUND, "server \"" + server + "\" is not known");
    Json &held = it->second["held_by"];
    if (held.is_string())
      return refuse(error, PINION_E_BUSY, "server \"" + server + "\" is held: " + held.get<std::string>());
    held = why;
    *id = lane_.newId();
    holds_[*id] = server;
    return PINION_OK;
  }
  bool cancel(std::uint64_t id) {
    const auto it = holds_.find(id);
    if (it == holds_.end()) return false;
    documents[it->second]["held_by"] = nullptr;
    holds_.erase(it);
    return true;
  }
  pinion_status setState(const std::string &server, const std::string &state, pinion_error *error) {
    static const std::set<std::string> known = {"offline", "starting", "running", "stopping"};
    const auto it = documents.find(server);
    if (it == documents.end()) return refuse(error, PINION_E_NOT_FOUND, "server \"" + server + "\" is not known");
    if (known.count(state) == 0) return refuse(error, PINION_E_INVALID, "\"" + state + "\" is no state");
    Json &now = it->second["state"];
    if (now == state) return PINION_OK;
    now = state;
    if (on_state) on_state(server, state);
    return PINION_OK;
  }
  pinion_status input(const std::string &server, std::string_view bytes, pinion_error *error) {
    const auto it = console.find(server);
    if (it == console.end()) return refuse(error, PINION_E_NOT_FOUND, "no console is attached to \"" + server + "\"");
    it->second += bytes;
    return PINION_OK;
  }
  void clearPlugin() {
    while (!holds_.empty()) cancel(holds_.begin()->first);
  }

private:
  FakeLane &lane_;
  std::map<std::uint64_t, std::string> holds_;
};

class FakeTokens {
public:
  struct Known {
    std::string scope;
    Json claims;
  };
  std::map<std::string, Known> known; // by the token's text
  std::map<std::string, std::int64_t> used;
  std::vector<Json> denied;

  pinion_status verify(std::string_view jwt, const std::string &scope, const pinion_sink *claims,
                       pinion_error *error) const {
    const auto it = known.find(std::string(jwt));
    if (it == known.end()) return refuse(error, PINION_E_INVALID, "the token is unreadable or its signature is wrong");
    if (it->second.scope != scope)
      return refuse(error, PINION_E_DENIED, "the token is for \"" + it->second.scope + "\", not \"" + scope + "\"");
    return put(claims, it->second.claims.dump());
  }
  pinion_status useOnce(const std::string &id, std::int64_t expiry, pinion_error *error) {
    if (used.emplace(id, expiry).second) return PINION_OK;
    return refuse(error, PINION_E_DENIED, "the token was used before");
  }
};

} // namespace detail
} // namespace pinion::testing
