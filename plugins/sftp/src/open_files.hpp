// How many files and folders are open over SFTP, for the daemon needs descriptors for others, too.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sftp {

// Thread-safe. Lives longer than its places.
class OpenFiles {
public:
  // One that is open. Move-only.
  class Place {
  public:
    Place(Place &&other) noexcept;
    Place &operator=(Place &&) = delete;
    ~Place();

  private:
    friend class OpenFiles;
    Place(OpenFiles &of, std::string user) : of_(&of), user_(std::move(user)) {}
    OpenFiles *of_; // null when it was moved from
    std::string user_;
  };

  // A quarter of what the process may open for all, and a quarter of that for one user; `least`, if that is more.
  explicit OpenFiles(std::size_t least);
  OpenFiles(std::size_t most, std::size_t most_of_user) : most_(most), most_of_user_(most_of_user) {}
  // None: there are too many.
  std::optional<Place> take(const std::string &user);

private:
  void leave(const std::string &user);
  std::size_t most_, most_of_user_;
  std::mutex mutex_;
  std::size_t open_ = 0;
  std::map<std::string, std::size_t> users_;
};

} // namespace sftp
