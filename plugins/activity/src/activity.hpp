// The log of what users did to servers: kept in the daemon's store, sent to the Panel by and by (contract panel.md 8).
// All state on the plugin's lane.
#pragma once

#include "batch.hpp"
#include "journal.hpp"

#include <pinion/cpp/plugin.hpp>

#include <memory>
#include <string>
#include <vector>

namespace activity {

class WingsDatabase;

class Activity {
public:
  explicit Activity(Host host) : host_(host), journal_(std::move(host)) {}
  Result<void> start();
  void stop() {}

private:
  // One of the two jobs: what it chooses from, and how far it is.
  struct Job {
    const char *name;
    Result<Batch> (*choose)(const Host &host, std::size_t count);
    bool running = false, failing = false;
    bool once_more = false;             // something came that should have been sent by now
    std::vector<std::string> sent = {}; // the Panel has them, the store could not let them go yet
  };

  void record(const pinion::EventView &request, pinion::CallReply reply);

  Task<void> run(Job &job);
  Task<void> sendAll(Job &job);
  void sendNow();
  // Sends one batch. False: there is no more, or it failed.
  Task<Result<bool>> sendOnce(Job &job);
  Task<Result<Batch>> choose(const Job &job);
  void tellOutcome(Job &job, const Result<bool> &last);

  // -- what Wings left (import.cpp) -----------------------------------------------------------------------------
  Task<void> begin();
  Task<Result<std::size_t>> takeOver();
  Task<Result<std::size_t>> takeRows(std::shared_ptr<WingsDatabase> wings);

  Host host_;
  Journal journal_;
  std::size_t count_ = 0; // entries in a batch
  Job plain_{"activity", &chooseEntries}, sftp_{"sftp", &chooseJoined};
  pinion::Handle offer_, timer_;
};

} // namespace activity
