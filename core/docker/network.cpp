#include "docker/network.hpp"

#include "base/json_text.hpp"
#include "docker/engine_error.hpp"
#include "docker/json.hpp"
#include "log/log.hpp"

namespace pinion::core {

namespace {

const char *boolean(bool value) { return value ? "true" : "false"; }

void appendPool(std::string &out, const std::string &subnet, const std::string &gateway) {
  if (subnet.empty()) return;
  if (out.back() == '}') out.push_back(',');
  out += "{\"Subnet\":" + jsonString(subnet);
  if (!gateway.empty()) out += ",\"Gateway\":" + jsonString(gateway);
  out.push_back('}');
}

bool says(const std::string &body, std::string_view words) { return body.find(words) != std::string::npos; }

bool overlaps(const std::string &body) { return says(body, "Pool overlaps") || says(body, "invalid pool request"); }

} // namespace

std::string networkBody(const Config::Docker::Network &network, bool own_pool, bool own_bridge) {
  std::string out = "{\"Name\":" + jsonString(network.name) + ",\"CheckDuplicate\":true,\"Driver\":" +
                    jsonString(network.driver.empty() ? "bridge" : network.driver) +
                    ",\"EnableIPv6\":" + boolean(network.ipv6) + ",\"Internal\":" + boolean(network.is_internal) +
                    ",\"Attachable\":false,\"Ingress\":false,\"ConfigOnly\":false,\"IPAM\":";
  if (own_pool) {
    out += "{\"Config\":[";
    appendPool(out, network.v4_subnet, network.v4_gateway);
    if (network.ipv6) appendPool(out, network.v6_subnet, network.v6_gateway);
    out += "]}";
  } else {
    out += "{\"Driver\":\"default\"}";
  }
  out += std::string(",\"Options\":{\"encryption\":\"false\",\"com.docker.network.bridge.default_bridge\":\"false\"") +
         ",\"com.docker.network.bridge.enable_icc\":\"" + boolean(network.enable_icc) +
         "\",\"com.docker.network.bridge.enable_ip_masquerade\":\"true\"" +
         ",\"com.docker.network.bridge.host_binding_ipv4\":\"0.0.0.0\"" +
         (own_bridge ? ",\"com.docker.network.bridge.name\":\"pterodactyl0\"" : "") +
         ",\"com.docker.network.driver.mtu\":\"" + std::to_string(network.mtu) + "\"}}";
  return out;
}

std::string forcedNetworkBody(const std::string &name, const std::string &ip) {
  return "{\"Name\":" + jsonString(name) +
         ",\"CheckDuplicate\":true,\"Driver\":\"bridge\",\"EnableIPv6\":false,\"Internal\":false,\"Attachable\":false"
         ",\"Ingress\":false,\"ConfigOnly\":false,\"Options\":{\"encryption\":\"false\""
         ",\"com.docker.network.bridge.default_bridge\":\"false\",\"com.docker.network.host_ipv4\":" +
         jsonString(ip) + "}}";
}

NetworkFacts networkFacts(const std::string &inspect) {
  NetworkFacts out;
  const auto answer = json::parseObject(inspect);
  if (!answer) return out;
  out.driver = json::text(*answer, "Driver");
  const auto pools = json::array(json::object(*answer, "IPAM"), "Config");
  if (pools.isNull()) return out;
  for (unsigned i = 0; i < pools->size(); ++i) {
    const std::string gateway = json::text(pools->getObject(i), "Gateway");
    if (!gateway.empty() && gateway.find(':') == std::string::npos) {
      out.v4_gateway = gateway;
      break;
    }
  }
  return out;
}

void deriveNetwork(Config &config, const NetworkFacts &facts, bool created) {
  auto &network = config.docker.network;
  network.driver = facts.driver;
  network.ispn = facts.driver == "overlay" || facts.driver == "weavemesh";
  if (facts.driver == "host")
    network.interface = "127.0.0.1";
  else if (network.ispn)
    network.interface.clear();
  else if (created)
    network.interface = facts.v4_gateway.empty() ? network.v4_gateway : facts.v4_gateway;
}

Result<NetworkFacts> ensureNodeNetwork(Engine &engine, const Config::Docker::Network &network,
                                       std::chrono::milliseconds deadline, bool &created) {
  const std::string path = "/networks/" + urlEncoded(network.name),
                    what = "environment/docker: network " + network.name;
  created = false;
  for (bool own_pool = true, own_bridge = true;;) {
    const auto found = engine.request("GET", path, "", deadline);
    if (!found) return during(what, found.error());
    if (found->status == 200) return networkFacts(found->body);
    if (found->status != 404) return engineError(what, *found);
    if (created) return Error{Code::io, what + ": the engine made it and does not know it"};
    log::info("creating the missing network of this node, this could take a few seconds...",
              {{"network", network.name}});
    const auto made = engine.request("POST", "/networks/create", networkBody(network, own_pool, own_bridge), deadline);
    if (!made) return during(what, made.error());
    if (made->status == 201 || made->status == 409) { // 409: made meanwhile
      created = true;
    } else if (own_pool && overlaps(made->body)) {
      log::warn("the addresses of the network overlap with another one: the engine chooses",
                {{"network", network.name}});
      own_pool = false;
    } else if (own_bridge && says(made->body, "same bridge name")) { // a second node on this machine
      log::warn("another network has the bridge pterodactyl0: the engine names one", {{"network", network.name}});
      own_bridge = false;
    } else {
      return engineError(what, *made);
    }
  }
}

Result<void> ensureForcedNetwork(Engine &engine, const std::string &name, const std::string &ip,
                                 std::chrono::milliseconds deadline) {
  const std::string what = "environment/docker: network " + name;
  const auto found = engine.request("GET", "/networks/" + urlEncoded(name), "", deadline);
  if (!found) return during(what, found.error());
  if (found->status == 200) return {};
  if (found->status != 404) return engineError(what, *found);
  const auto made = engine.request("POST", "/networks/create", forcedNetworkBody(name, ip), deadline);
  if (!made) return during(what, made.error());
  if (made->status != 201 && made->status != 409) return engineError(what, *made);
  return {};
}

} // namespace pinion::core
