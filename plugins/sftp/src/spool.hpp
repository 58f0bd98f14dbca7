// Entries on their way to the activity log, in two small files in turn: what is in them outlives the end of the
// daemon, however it ends (not a loss of power). Not thread-safe.
#pragma once

#include <pinion/cpp/files.hpp>

#include <array>
#include <string>
#include <vector>

namespace sftp {

using pinion::Error;
using pinion::Fd;
using pinion::Result;

class Spool {
public:
  // Opens the files in `folder`, or makes them.
  static Result<Spool> open(const Fd &folder);
  // What an earlier daemon left: entries as they were appended. A line that was cut short is left out.
  Result<std::vector<std::string>> left() const;
  // A line of JSON. False: it is not in the file (the disk is full, the file too long), and nothing of it is.
  bool append(std::string line);
  // From now on the other file is used; what is in this one is about to be handed over.
  void turn();
  // What was appended before the turn is in the log: it goes.
  void clear();
  // What an earlier daemon left is in the log, and nothing was appended yet: all of it goes.
  void clearAll();

private:
  struct File {
    Fd fd;
    std::int64_t bytes = 0;
    void empty();
  };
  std::array<File, 2> files_;
  std::size_t now_ = 0;
};

} // namespace sftp
