#include "console/node.hpp"

#include "base/ids.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JWT/Signer.h>
#include <Poco/JWT/Token.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/X509Certificate.h>
#include <Poco/String.h>

#include <algorithm>
#include <istream>

namespace pinion::core {

namespace {

using namespace Poco::Net;

const Poco::Timespan connect_timeout(5, 0), answer_timeout(15, 0);
constexpr std::size_t max_answer = 64 << 20;
constexpr std::chrono::minutes token_life{10};

Result<std::string> readAll(std::istream &stream) {
  std::string out;
  char block[16384];
  while (stream.read(block, sizeof block), stream.gcount() > 0) {
    out.append(block, static_cast<std::size_t>(stream.gcount()));
    if (out.size() > max_answer) return Error{Code::invalid, "the daemon's list of servers does not end"};
  }
  return out;
}

std::string described(const std::vector<ServerName> &servers) {
  if (servers.empty()) return "this node has no servers";
  std::string out = "this node's servers:";
  for (const auto &server : servers) out += "\n  " + server.uuid.substr(0, 8) + "  " + server.name;
  return out;
}

} // namespace

Result<Node> Node::of(const Config &config) {
  Node node;
  // A daemon that listens everywhere is reached on this machine.
  node.host_ = config.api.host == "0.0.0.0" || config.api.host.empty() ? "127.0.0.1"
               : config.api.host == "::"                               ? "::1"
                                                                       : config.api.host;
  node.port_ = config.api.port;
  node.token_ = config.token;
  node.tls_ = config.api.ssl.enabled;
  node.certificate_ = config.api.ssl.cert;
  const auto &allowed = config.allowed_origins;
  if (std::find(allowed.begin(), allowed.end(), console_origin) != allowed.end() ||
      std::find(allowed.begin(), allowed.end(), "*") != allowed.end())
    node.origin_ = console_origin;
  else if (!config.remote.empty())
    node.origin_ = config.remote;
  else if (!allowed.empty())
    node.origin_ = allowed.front();
  else
    return Error{Code::invalid,
                 std::string("the daemon lets no console in; add to the configuration: allowed_origins: [\"") +
                     console_origin + "\"]"};
  if (node.token_.empty()) return Error{Code::invalid, "the configuration has no token"};
  return node;
}

std::string Node::address() const {
  return (host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]") + ":" + std::to_string(port_);
}

std::unique_ptr<HTTPClientSession> Node::connect() const {
  const auto port = static_cast<Poco::UInt16>(port_);
  const SocketAddress address(host_, port);
  std::unique_ptr<HTTPClientSession> session;
  if (tls_) {
    // The name in the certificate is the node's public one, not where we connect to: the certificate itself is what
    // makes the peer ours.
    const Context::Ptr context(new Context(Context::TLS_CLIENT_USE, "", Context::VERIFY_NONE));
    SecureStreamSocket socket(context);
    socket.setLazyHandshake(true);
    socket.connect(address, connect_timeout);
    socket.setReceiveTimeout(answer_timeout);
    socket.setSendTimeout(answer_timeout);
    socket.completeHandshake();
    if (!certificate_.empty() && !socket.peerCertificate().equals(Poco::Crypto::X509Certificate(certificate_)))
      throw SSLException("it shows another certificate than " + certificate_ +
                         " (after a renewal: send the daemon a HUP)");
    session = std::make_unique<HTTPClientSession>(socket); // HTTPSClientSession's own constructor throws in Poco 1.11
  } else {
    StreamSocket socket;
    socket.connect(address, connect_timeout);
    socket.setReceiveTimeout(answer_timeout);
    socket.setSendTimeout(answer_timeout);
    session = std::make_unique<HTTPClientSession>(socket);
  }
  return session;
}

Result<std::vector<ServerName>> Node::servers() const {
  try {
    const auto session = connect();
    HTTPRequest request(HTTPRequest::HTTP_GET, "/api/servers", HTTPRequest::HTTP_1_1);
    request.setHost(address());
    request.set("Authorization", "Bearer " + token_);
    session->sendRequest(request);
    HTTPResponse response;
    auto body = readAll(session->receiveResponse(response));
    if (response.getStatus() == HTTPResponse::HTTP_UNAUTHORIZED || response.getStatus() == HTTPResponse::HTTP_FORBIDDEN)
      return Error{Code::denied,
                   "the daemon at " + address() + " does not take this configuration's token; is it another daemon's?"};
    if (response.getStatus() != HTTPResponse::HTTP_OK)
      return Error{Code::io, "the daemon at " + address() + " answers " + std::to_string(response.getStatus())};
    if (!body) return body.error();
    return decodeServers(*body);
  } catch (const SSLException &e) {
    return Error{Code::denied, "the daemon at " + address() + " cannot be trusted: " + e.displayText()};
  } catch (const NetException &e) {
    return Error{Code::io, "no daemon answers at " + address() + " (" + e.displayText() + "); is pinion running?"};
  } catch (const Poco::Exception &e) {
    return Error{Code::io, "the daemon at " + address() + " does not answer: " + e.displayText()};
  }
}

std::string Node::websocketToken(const std::string &uuid, std::chrono::system_clock::time_point now) const {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  const double issued = std::chrono::duration<double>(now.time_since_epoch()).count();
  Poco::JWT::Token token;
  token.setType("JWT");
  auto &payload = token.payload();
  payload.set("jti", randomUuid());
  payload.set("iat", issued); // with its fraction: a daemon that started this second takes it
  payload.set("exp", duration_cast<seconds>((now + token_life).time_since_epoch()).count());
  payload.set("server_uuid", uuid);
  payload.set("user_uuid", "00000000-0000-0000-0000-000000000000"); // the machine's administrator is no Panel user
  payload.set("scope", "websocket");
  Poco::JSON::Array::Ptr permissions(new Poco::JSON::Array);
  for (const char *permission : {"*", "admin.websocket.errors", "admin.websocket.install", "admin.websocket.transfer"})
    permissions->add(permission);
  payload.set("permissions", permissions);
  return Poco::JWT::Signer(token_).sign(token, Poco::JWT::Signer::ALGO_HS256);
}

Result<std::vector<ServerName>> decodeServers(const std::string &json) {
  try {
    Poco::JSON::Parser parser;
    const auto list = parser.parse(json).extract<Poco::JSON::Array::Ptr>();
    std::vector<ServerName> out;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto configuration = list->getObject(static_cast<unsigned>(i))->getObject("configuration");
      out.push_back({configuration->getValue<std::string>("uuid"),
                     configuration->getObject("meta")->optValue<std::string>("name", "")});
    }
    return out;
  } catch (const std::exception &) { // Poco's, of many kinds
    return Error{Code::invalid, "the daemon's list of servers cannot be read"};
  }
}

Result<ServerName> pickServer(const std::vector<ServerName> &servers, const std::string &wanted) {
  std::vector<ServerName> found;
  for (const auto &server : servers) {
    if (server.uuid == wanted) return server;
    if ((wanted.size() == 8 && server.uuid.starts_with(wanted)) || Poco::icompare(server.name, wanted) == 0)
      found.push_back(server);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return Error{Code::notFound, "there is no server \"" + wanted + "\"; " + described(servers)};
  return Error{Code::invalid,
               "several servers are called \"" + wanted + "\"; use the first eight characters; " + described(found)};
}

} // namespace pinion::core
