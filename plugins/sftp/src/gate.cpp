#include "gate.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>

namespace sftp {

using pinion::Json;

namespace {

constexpr std::int64_t refused_ms = 10'000; // so long a key that the Panel refused is not asked about again
constexpr std::size_t refused_bound = 1024;

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char *>(out.data()),
                      reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// libssh does not give the exchange hash away; what the Panel gets is as unique.
std::string sessionId() {
  unsigned char bytes[32];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return "none";
  return {reinterpret_cast<const char *>(bytes), sizeof bytes};
}

} // namespace

bool namesServer(const std::string &user) {
  constexpr std::size_t id_length = 8;
  if (user.size() < id_length + 2 || user[user.size() - id_length - 1] != '.') return false;
  return std::all_of(user.end() - id_length, user.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

void Gate::ask(Question question, std::function<void(Verdict)> told) {
  host_.spawn(work(std::move(question), std::move(told)));
}

Verdict Gate::read(const std::string &answer, const Question &question) {
  const Json json = Json::parse(answer, nullptr, false);
  const auto text = [&](const char *name) {
    return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
  };
  Login login{text("user"), text("server"), question.address, {}};
  if (login.user.empty())
    return {std::nullopt, "the Panel did not say which user this is; it is too old for this daemon"};
  if (login.server.empty()) return {std::nullopt, "the Panel did not say which server this is"};
  if (json.contains("permissions") && json["permissions"].is_array())
    for (const auto &one : json["permissions"])
      if (one.is_string()) login.permissions.insert(one.get<std::string>());
  return {std::move(login), ""};
}

pinion::Task<void> Gate::work(Question question, std::function<void(Verdict)> told) {
  const std::string memory = question.user + '\n' + question.secret;
  if (question.key) {
    std::erase_if(refused_keys_, [at = now()](const auto &one) { return one.second <= at; });
    if (refused_keys_.contains(memory)) {
      told({std::nullopt, "the Panel refused this key a moment ago"});
      co_return;
    }
  }
  Json body;
  body["type"] = question.key ? "public_key" : "password";
  body["username"] = question.user;
  body["password"] = question.secret;
  body["ip"] = question.address;
  body["session_id"] = base64(sessionId());
  body["client_version"] = base64(question.client);
  const auto answer = co_await host_.panel("POST", "/sftp/auth", pinion::detail::dump(body));
  if (answer) {
    told(read(*answer, question));
    co_return;
  }
  const std::string &why = answer.error().text;
  // A limit of the Panel's is no word about the key.
  const bool refused = why.find("(HTTP/4") != std::string::npos && why.find("(HTTP/429") == std::string::npos;
  if (question.key && refused && refused_keys_.size() < refused_bound) refused_keys_[memory] = now() + refused_ms;
  told({std::nullopt, why});
}

} // namespace sftp
