// The configuration: every key of contract config.md 2, its defaults, and how it is loaded, changed and written back.
// Snapshots are immutable and shared; whoever keeps one keeps a consistent view.
#pragma once

#include "base/guarded.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pinion::core {

struct Config {
  bool debug = false, quiet = false;
  std::string app_name = "Pterodactyl";
  std::string uuid, token_id, token;
  struct Api {
    std::string host = "0.0.0.0";
    int port = 8080;
    struct Ssl {
      bool enabled = false;
      std::string cert, key;
    } ssl;
    bool disable_remote_download = false;
    int remote_download_max_redirects = 10;
    std::int64_t upload_limit = 100;
    std::vector<std::string> trusted_proxies;
  } api;
  struct System {
    std::string root_directory = "/var/lib/pterodactyl";
    std::string log_directory = "/var/log/pterodactyl";
    std::string data, archive_directory, backup_directory; // empty: below root_directory
    std::string tmp_directory = "/tmp/pterodactyl";
    std::string username = "pterodactyl";
    std::string timezone;
    bool rootless = false;
    int container_uid = 0, container_gid = 0;
    int uid = 0, gid = 0;
    bool passwd_enable = true; // newer keys: kept and written only where the file has them
    std::string passwd_directory = "/etc/pterodactyl";
    bool machine_id_enable = true;
    std::string machine_id_directory = "/etc/pterodactyl/machine-id";
    std::int64_t disk_check_interval = 150;
    bool quotas_enabled = false;
    int activity_send_interval = 60, activity_send_count = 100;
    bool check_permissions_on_boot = true, enable_log_rotate = true;
    int websocket_log_count = 150;
    std::string sftp_bind_address = "0.0.0.0";
    int sftp_bind_port = 2022;
    bool sftp_read_only = false, sftp_key_only = false;
    bool crash_detection_enabled = true, detect_clean_exit_as_crash = true;
    int crash_detection_timeout = 60;
    int crash_detection_activity_lines = 2;
    std::int64_t backups_write_limit = 0;
    std::string backups_compression_level = "best_speed";
    std::vector<std::string> backups_restore_host_allowlist;
    bool backups_remove_on_server_delete = true;
    std::int64_t transfers_download_limit = 0;
    std::string openat_mode = "auto";
  } system;
  struct Docker {
    struct Network {
      std::string interface = "172.18.0.1";
      std::vector<std::string> dns{"1.1.1.1", "1.0.0.1"};
      std::string name = "pterodactyl_nw";
      bool ispn = false, ipv6 = true;
      std::string driver = "bridge";
      std::string mode = "pterodactyl_nw";
      bool is_internal = false, enable_icc = true;
      std::int64_t mtu = 1500;
      std::string v4_subnet = "172.18.0.0/16", v4_gateway = "172.18.0.1";
      std::string v6_subnet = "fdba:17c8:6c94::/64", v6_gateway = "fdba:17c8:6c94::1011";
    } network;
    std::string domainname;
    struct Registry {
      std::string username, password;
    };
    std::map<std::string, Registry> registries;
    std::uint32_t tmpfs_size = 100;
    std::int64_t container_pid_limit = 512;
    std::int64_t installer_memory = 1024, installer_cpu = 100;
    bool overhead_override = false;
    double overhead_default_multiplier = 1.05;
    std::map<int, double> overhead_multipliers;
    bool use_performant_inspect = true;
    std::string userns_mode;
    std::vector<std::string> system_ips;
    std::string log_type = "local";
    std::map<std::string, std::string> log_config{
        {"max-size", "5m"}, {"max-file", "1"}, {"compress", "false"}, {"mode", "non-blocking"}};
  } docker;
  struct Throttles {
    bool enabled = true;
    std::uint64_t lines = 2000, line_reset_interval = 100;
  } throttles;
  std::string remote;
  int remote_timeout = 30, boot_servers_per_page = 50;
  std::map<std::string, std::string> custom_headers;
  std::vector<std::string> allowed_mounts;
  bool block_base_dir_mount = false; // newer nodes write true; a classic file has no such key and no such rule
  std::vector<std::string> allowed_origins;
  bool allow_cors_private_network = false;
  bool ignore_panel_config_updates = false;

  // Pinion's own. `plugins`: name -> its section as JSON text; listed = loaded. Absent from the file: all shipped load.
  bool plugins_given = false;
  std::map<std::string, std::string> plugins;
  std::string plugins_directory; // empty: found beside the binary or under the prefix
  std::string standalone;        // a folder of server definitions instead of a Panel; empty = Panel
};
using ConfigPtr = std::shared_ptr<const Config>;

// Loads, keeps and writes one configuration file. Thread-safe.
class ConfigStore {
public:
  // Code::notFound: no such file. Code::invalid: file, line and key are named. Environment WINGS_TOKEN(_ID) and
  // file:// or $VAR indirections are resolved for use and never written back.
  static Result<std::unique_ptr<ConfigStore>> load(const std::string &path);

  [[nodiscard]] ConfigPtr get() const;
  [[nodiscard]] const std::string &path() const { return path_; }
  // What the boot derives (timezone, uid, network driver, ...): changes the snapshot; persisted by the next write().
  void derive(const std::function<void(Config &)> &change);
  // Writes the effective configuration: all keys, contract order, unknown keys kept, mode 0600, atomic.
  Result<void> write();
  // POST /api/update: JSON merged by the key rules of config.md 3, minus what demands-and-cves.md row 9/10 forbid.
  // Writes first, then swaps. Code::invalid: nothing applied. Returns whether it was applied (false: ignored by
  // setting).
  Result<bool> update(const std::string &json);
  // The value at a JSON pointer of the facts a plugin may see (pinion_config_v1::node); no secret is in it.
  [[nodiscard]] Result<std::string> node(const std::string &pointer) const;
  // The value at a pointer in the section of one plugin.
  [[nodiscard]] Result<std::string> section(const std::string &plugin, const std::string &pointer) const;
  // Extra facts for node(): "/version", "/boot_time", ... as JSON text.
  void setFact(const std::string &key, std::string json);

private:
  ConfigStore();
  std::string path_;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace pinion::core
