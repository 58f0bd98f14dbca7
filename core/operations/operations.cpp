#include "operations/operations.hpp"

#include "log/log.hpp"
#include "machine/preparation.hpp"
#include "machine/report.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace pinion::core {

namespace {

using std::chrono::seconds;

constexpr seconds kEngineDeadline{10};
constexpr seconds kDestroyDeadline{12}; // the Panel gives up after 15 s

Poco::JSON::Object::Ptr parse(const std::string &payload) {
  try {
    auto object = Poco::JSON::Parser().parse(payload.empty() ? "{}" : payload).extract<Poco::JSON::Object::Ptr>();
    if (!object.isNull()) return object;
  } catch (const Poco::Exception &) { // not JSON, or no object: said below
  }
  return nullptr;
}

Result<ServerId> serverOf(const Poco::JSON::Object::Ptr &payload) {
  const std::string text = payload->optValue<std::string>("uuid", "");
  if (const auto id = ServerId::parse(text)) return *id;
  return Error{Code::invalid, "\"" + text + "\" is no server UUID"};
}

} // namespace

Result<bool> makeServerFolder(const Disk &disk, const Config &config, const ServerId &id) {
  if (disk.tree(id, false)) return false;
  const auto tree = disk.tree(id, true);
  if (!tree) return tree.error();
  const auto &system = config.system;
  if (::fchown(tree->rootFd(), static_cast<uid_t>(system.uid), static_cast<gid_t>(system.gid)) != 0)
    return Error{Code::io, "the folder of the server " + id.text() + " cannot be given to the user " + system.username +
                               ": " + std::strerror(errno)};
  return true;
}

struct Operations::Impl : std::enable_shared_from_this<Operations::Impl> {
  using Work = Result<std::string> (Impl::*)(const Poco::JSON::Object::Ptr &);

  explicit Impl(OperationParts given) : parts(std::move(given)), lane(parts.workers, "core") {}

  // `work` runs on the pool with the parsed payload; its result is the answer.
  Result<void> offer(const char *address, Work work) {
    auto offered = parts.bus.offer(lane, "core", address, "{}", [this, work](const EventPtr &event, CallReply reply) {
      const bool posted = parts.workers.post([self = shared_from_this(), work, event, reply] {
        const auto payload = parse(event->payload);
        if (payload.isNull())
          reply.answer(Error{Code::invalid, "the payload is no JSON object"});
        else
          reply.answer(self->guarded(work, payload));
      });
      if (!posted) reply.answer(Error{Code::busy, "the daemon has too much to do; try again later"});
    });
    if (!offered) return offered.error();
    offers.push_back(*offered);
    return {};
  }

  Result<std::string> guarded(Work work, const Poco::JSON::Object::Ptr &payload) try {
    return (this->*work)(payload);
  } catch (const std::exception &e) { // Poco's conversions of a member with an odd type
    return Error{Code::invalid, std::string("the payload cannot be used: ") + e.what()};
  }

  Result<std::string> create(const Poco::JSON::Object::Ptr &payload) {
    const auto id = serverOf(payload);
    if (!id) return id.error();
    auto definition = parts.source.server(*id);
    if (!definition) return definition.error();
    if (auto folder = makeServerFolder(parts.disk, *parts.config.get(), *id); !folder) return folder.error();
    const ServerPtr server = parts.registry.put(*definition);
    parts.disk.define(server);
    const bool start = payload->optValue<bool>("start_on_completion", false);
    parts.bus.publish("server.created", server->text(),
                      std::string("{\"start_on_completion\":") + (start ? "true}" : "false}"));
    return std::string("{}");
  }

  Result<std::string> remove(const Poco::JSON::Object::Ptr &payload) {
    const auto id = serverOf(payload);
    if (!id) return id.error();
    const ServerPtr server = parts.registry.find(*id);
    if (server == nullptr) return Error{Code::notFound, "there is no server " + id->text()};
    parts.registry.setSuspended(server, true); // nobody starts it from here on
    parts.bus.publish("deleted", server->text(), "null");
    if (auto gone = parts.runtime.destroy(*id, kDestroyDeadline); !gone) {
      log::error("a server's container could not be removed; the server stays",
                 {{"server", server->text()}, {"error", gone.error().text}});
      return gone.error();
    }
    parts.registry.remove(*id);
    if (!parts.workers.postUnbounded([self = shared_from_this(), id = *id] { self->removeFiles(id); }))
      removeFiles(*id); // the pool has stopped: finish here rather than leave the files
    return std::string("{}");
  }

  void removeFiles(const ServerId &id) {
    const std::string folder = machine::dataFolder(*parts.config.get());
    auto data = Tree::open(folder, false);
    const auto removed = data ? data->remove(id.text()) : Result<std::int64_t>(data.error());
    parts.disk.forget(id);
    if (!removed)
      log::error("the files of a deleted server could not all be removed; remove them by hand",
                 {{"folder", folder + "/" + id.text()}, {"error", removed.error().text}});
  }

  Result<std::string> sync(const Poco::JSON::Object::Ptr &payload) {
    const auto id = serverOf(payload);
    if (!id) return id.error();
    const ServerPtr server = parts.registry.find(*id);
    if (server == nullptr) return Error{Code::notFound, "there is no server " + id->text()};
    auto definition = parts.source.server(*id);
    if (!definition) {
      if (definition.error().code == Code::notFound)
        return Error{Code::notFound, "server does not exist on remote system"};
      return Error{definition.error().code,
                   "unable to sync server data from Panel instance: " + definition.error().text};
    }
    const bool was_suspended = server->suspended();
    if (server->deleted()) return Error{Code::notFound, "there is no server " + id->text()};
    parts.registry.put(*definition);
    parts.disk.define(server);
    const auto word = [](bool value) { return value ? "true" : "false"; };
    return std::string("{\"suspended\":") + word(server->suspended()) + ",\"was_suspended\":" + word(was_suspended) +
           "}";
  }

  Result<std::string> updateConfig(const std::string &body) {
    const auto applied = parts.config.update(body);
    if (!applied) return applied.error();
    if (*applied) {
      const ConfigPtr now = parts.config.get();
      if (parts.credentials_changed) parts.credentials_changed(*now);
      parts.bus.publish("config.changed", "", "{}");
    }
    return std::string("{\"applied\":") + (*applied ? "true}" : "false}");
  }

  Result<std::string> system(const Poco::JSON::Object::Ptr &payload) {
    if (payload->optValue<int>("version", 1) != 2) return machine::shortReport(parts.version);
    auto engine = parts.runtime.describe(kEngineDeadline);
    if (!engine) return engine.error();
    return machine::fullReport(parts.version, *engine);
  }

  Result<std::string> systemDocker(const Poco::JSON::Object::Ptr &payload) {
    return parts.runtime.maintain(payload->optValue<std::string>("what", ""), seconds(60));
  }

  Result<std::string> systemAddresses(const Poco::JSON::Object::Ptr &) {
    return machine::addressReport(*parts.config.get());
  }

  Result<std::string> systemUtilization(const Poco::JSON::Object::Ptr &) {
    return machine::utilizationReport(*parts.config.get());
  }

  Result<std::string> diagnostics(const Poco::JSON::Object::Ptr &payload) {
    machine::DiagnosticsQuery query;
    query.include_endpoints = payload->optValue<bool>("include_endpoints", query.include_endpoints);
    query.include_logs = payload->optValue<bool>("include_logs", query.include_logs);
    query.log_lines = payload->optValue<int>("log_lines", query.log_lines);
    log::flush();
    const auto engine = parts.runtime.describe(kEngineDeadline);
    return machine::diagnostics(*parts.config.get(), parts.version, engine ? *engine : std::string(), query);
  }

  Result<void> offerAll() {
    const std::pair<const char *, Work> all[] = {
        {"core/server-create", &Impl::create},
        {"core/server-delete", &Impl::remove},
        {"core/server-sync", &Impl::sync},
        {"core/system", &Impl::system},
        {"core/system-docker", &Impl::systemDocker},
        {"core/system-ips", &Impl::systemAddresses},
        {"core/system-utilization", &Impl::systemUtilization},
        {"core/diagnostics", &Impl::diagnostics},
    };
    for (const auto &[address, work] : all)
      if (auto offered = offer(address, work); !offered) return offered;
    // The body of an update is the Panel's, with its own rules of reading: it goes on as it came.
    auto update =
        parts.bus.offer(lane, "core", "core/config-update", "{}", [this](const EventPtr &event, CallReply reply) {
          const bool posted = parts.workers.post(
              [self = shared_from_this(), event, reply] { reply.answer(self->updateConfig(event->payload)); });
          if (!posted) reply.answer(Error{Code::busy, "the daemon has too much to do; try again later"});
        });
    if (!update) return update.error();
    offers.push_back(*update);
    return {};
  }

  OperationParts parts;
  Lane lane;
  std::vector<Bus::Id> offers;
};

Operations::Operations(OperationParts parts) : impl_(std::make_shared<Impl>(std::move(parts))) {}

Operations::~Operations() { stop(); }

Result<void> Operations::start() { return impl_->offerAll(); }

void Operations::stop() {
  for (const auto id : std::exchange(impl_->offers, {})) impl_->parts.bus.cancel(id);
}

} // namespace pinion::core
