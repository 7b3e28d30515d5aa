#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace theta::bench {

/// What a process used: seconds on a processor, user and system together.
struct ProcessUse {
  double cpu_seconds = 0;
  bool ended_well = false;
};

/// A process that this one started, so that what it costs can be told apart. Ends with its parent. `start` and `run`
/// must be called while the parent has one thread.
class ChildProcess {
 public:
  /// Runs `work` in a fork. What it writes to the descriptor that it gets is what `read_line` reads.
  [[nodiscard]] static ChildProcess start(const std::function<void(int output)>& work);
  /// Runs a program, its output thrown away; `arguments[0]` is its path.
  [[nodiscard]] static ChildProcess run(const std::vector<std::string>& arguments);
  /// Runs a program whose standard input and output are lines to and from this process: `read_line`, `write_line`.
  [[nodiscard]] static ChildProcess converse(const std::vector<std::string>& arguments, const std::string& folder);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  /// Stops it if it still runs.
  ~ChildProcess();

  /// Without the newline; empty when the process has ended.
  [[nodiscard]] std::string read_line();
  /// Adds the newline.
  void write_line(const std::string& line);
  /// Readable when there is something for `read_line`.
  [[nodiscard]] int fd() const { return output_; }
  /// Waits until it ends by itself.
  ProcessUse wait();
  /// Asks it to end (SIGTERM) and waits.
  ProcessUse stop();
  [[nodiscard]] pid_t id() const { return id_; }
  /// Resident memory now, from /proc.
  [[nodiscard]] double resident_kib() const;

 private:
  ChildProcess(pid_t id, int output) : id_(id), output_(output) {}
  pid_t id_ = -1;
  int output_ = -1;
};

/// A new folder that goes away with this.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace theta::bench
