// The login of a connection. The library's messages are kept until the Panel has answered, so nobody waits for it.
#include "connection.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace sftp {

using pinion::Json;

namespace {

constexpr int max_failures = 6;
constexpr std::chrono::milliseconds cool_down{250}; // more with each failure of the connection

// "ssh-ed25519 AAAA...\n", or nothing.
std::string keyLine(ssh_key key) {
  char *text = nullptr;
  if (key == nullptr || ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) return {};
  const std::string base64 = text;
  ssh_string_free_char(text);
  // The blob begins with its own name.
  unsigned char head[96];
  const std::size_t length = std::min<std::size_t>(base64.size() / 4 * 4, sizeof head / 3 * 4);
  const int got =
      EVP_DecodeBlock(head, reinterpret_cast<const unsigned char *>(base64.data()), static_cast<int>(length));
  if (got < 4) return {};
  const std::size_t name = numberAt(reinterpret_cast<const char *>(head));
  if (name > static_cast<std::size_t>(got) - 4) return {};
  return std::string(reinterpret_cast<const char *>(head) + 4, name) + " " + base64 + "\n";
}

std::string textOf(const char *text) { return text != nullptr ? text : ""; }

// The library prefers callbacks, which must answer at once. Only a message can wait for the Panel, and these are the
// only functions that say what is in it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::string passwordOf(ssh_message message) { return textOf(ssh_message_auth_password(message)); }
ssh_publickey_state_e stateOf(ssh_message message) { return ssh_message_auth_publickey_state(message); }
ssh_key keyOf(ssh_message message) { return ssh_message_auth_pubkey(message); }
#pragma GCC diagnostic pop

} // namespace

void Connection::messages() {
  while (!login_ && !over_ && !asking_ && refused_ == nullptr) {
    ssh_message message = ssh_message_get(session_);
    if (message == nullptr) return;
    switch (ssh_message_type(message)) {
    case SSH_REQUEST_SERVICE: service(message); break;
    case SSH_REQUEST_AUTH: authenticate(message); break;
    default: ssh_message_reply_default(message); ssh_message_free(message);
    }
  }
}

void Connection::service(ssh_message message) {
  if (textOf(ssh_message_service_service(message)) == "ssh-userauth")
    ssh_message_service_reply_success(message);
  else
    ssh_message_reply_default(message);
  ssh_message_free(message);
}

void Connection::authenticate(ssh_message message) {
  const int method = ssh_message_subtype(message);
  std::string user = textOf(ssh_message_auth_user(message));
  if (method == SSH_AUTH_METHOD_NONE) {
    ssh_message_reply_default(message);
    ssh_message_free(message);
    return;
  }
  Try attempt;
  attempt.message = message;
  if (!namesServer(user)) return refuse(std::move(attempt), "the user's name names no server");
  if (method == SSH_AUTH_METHOD_PASSWORD && !service_.settings.key_only)
    return ask(message, false, false, std::move(user), passwordOf(message));
  if (method == SSH_AUTH_METHOD_PUBLICKEY) {
    const int state = stateOf(message);
    std::string key = keyLine(keyOf(message));
    const bool probe = state == SSH_PUBLICKEY_STATE_NONE, proven = state == SSH_PUBLICKEY_STATE_VALID;
    if (key.empty() || (!probe && !proven)) return refuse(std::move(attempt), "the key is not proven");
    return ask(message, true, probe, std::move(user), std::move(key));
  }
  refuse(std::move(attempt), "this way of logging in is not offered");
}

void Connection::ask(ssh_message message, bool key, bool probe, std::string user, std::string secret) {
  Try attempt;
  attempt.number = next_try_++;
  attempt.message = message;
  attempt.probe = probe;
  attempt.user = user;
  if (key) attempt.key = user + '\n' + secret;
  // The Panel was asked about this key when the client offered it.
  if (key && known_login_ && known_key_ == attempt.key) return grant(std::move(attempt), *known_login_);
  const std::uint64_t number = attempt.number;
  asking_ = std::move(attempt);
  Question question{key, std::move(user), std::move(secret), full_address_, textOf(ssh_get_clientbanner(session_))};
  service_.gate.ask(std::move(question),
                    [answer = answer_, id = id_, number](Verdict verdict) { answer(id, number, std::move(verdict)); });
}

void Connection::told(std::uint64_t number, Verdict verdict) {
  if (over_ || !asking_ || asking_->number != number) return;
  Try attempt = *std::exchange(asking_, std::nullopt);
  if (verdict.login)
    grant(std::move(attempt), std::move(*verdict.login));
  else
    refuse(std::move(attempt), verdict.reason);
  wake_(id_);
}

void Connection::grant(Try attempt, Login login) {
  if (attempt.probe) {
    known_key_ = std::move(attempt.key);
    known_login_ = std::move(login);
    ssh_message_auth_reply_pk_ok_simple(attempt.message);
    ssh_message_free(attempt.message);
    return;
  }
  if (!service_.doorman.login(address_, login.user))
    return refuse(std::move(attempt), "the user has too many SFTP sessions");
  Json fields;
  fields["user"] = login.user;
  fields["server"] = login.server;
  fields["ip"] = full_address_;
  service_.host.debug("a user logged in over SFTP", fields);
  login_ = std::move(login);
  ssh_message_auth_reply_success(attempt.message, 0);
  ssh_message_free(attempt.message);
  callbacks_.userdata = this;
  callbacks_.channel_open_request_session_function = [](ssh_session, void *user) noexcept -> ssh_channel {
    try {
      return static_cast<Connection *>(user)->openChannel();
    } catch (...) {
      return nullptr; // no memory: the channel is refused
    }
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_server_callbacks(session_, &callbacks_);
}

void Connection::refuse(Try attempt, const std::string &why) {
  ++failures_;
  if (service_.doorman.tellOf(address_, Clock::now())) {
    Json fields;
    fields["ip"] = full_address_;
    fields["user"] = textOf(ssh_message_auth_user(attempt.message));
    fields["error"] = why;
    service_.host.warn("a login over SFTP was refused; more of this address are not told for a minute", fields);
  }
  refused_ = attempt.message;
  answer_at_ = Clock::now() + (failures_ - 1) * cool_down;
  if (failures_ == 1) return answerRefusal();
  wake_(id_); // whose shard then learns of the new deadline
}

void Connection::answerRefusal() {
  ssh_message message = std::exchange(refused_, nullptr);
  ssh_message_reply_default(message);
  ssh_message_free(message);
  if (failures_ >= max_failures) end("too many logins failed");
  wake_(id_);
}

} // namespace sftp
