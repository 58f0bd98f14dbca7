// The Panel's remote API: signing, retries, back-off, paging (contract panel.md). A Source.
#pragma once

#include "config/config.hpp"
#include "servers/source.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace pinion::core {

// How long to wait between attempts, and for how long to begin new ones (panel.md 1.1).
struct PanelBackOff {
  std::chrono::milliseconds first{500}, longest{12'000}, total{30'000};
  double factor = 1.5;
  double jitter = 0.5; // of the wait, either way
};

// Credentials are those of the configuration at construction until setCredentials(); every call blocks with the
// timeouts of panel.md 1 ([pool]); stop() ends waits and refuses further calls.
class PanelClient : public Source {
public:
  PanelClient(const Config &config, std::string version, bool verify_certificates, PanelBackOff back_off = {});
  ~PanelClient() override;
  Result<std::vector<DefinitionPtr>> servers() override;
  Result<DefinitionPtr> server(const ServerId &id) override;
  Result<std::string> call(const std::string &method, const std::string &path, const std::string &body) override;
  void setCredentials(const std::string &token_id, const std::string &token);
  void stop();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace pinion::core
