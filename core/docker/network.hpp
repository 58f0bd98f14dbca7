// The node's network and those of forced outgoing addresses (contract docker.md 2 and 3.5).
#pragma once

#include "config/config.hpp"
#include "docker/engine.hpp"

#include <string>

namespace pinion::core {

// `own_pool` false: the engine chooses the addresses (after it refused ours as overlapping). `own_bridge` false: it
// names the bridge (another network of this machine has ours).
std::string networkBody(const Config::Docker::Network &network, bool own_pool, bool own_bridge = true);
std::string forcedNetworkBody(const std::string &name, const std::string &ip);

struct NetworkFacts {
  std::string driver;
  std::string v4_gateway; // as the engine has it; empty when it tells none
};
// Reads an inspect answer.
NetworkFacts networkFacts(const std::string &inspect);
// What the boot writes into the configuration: driver, interface, ispn.
void deriveNetwork(Config &config, const NetworkFacts &facts, bool created);

// [pool] Inspects, creates when missing, inspects again. `created` tells which.
Result<NetworkFacts> ensureNodeNetwork(Engine &engine, const Config::Docker::Network &network,
                                       std::chrono::milliseconds deadline, bool &created);
// [pool]
Result<void> ensureForcedNetwork(Engine &engine, const std::string &name, const std::string &ip,
                                 std::chrono::milliseconds deadline);

} // namespace pinion::core
