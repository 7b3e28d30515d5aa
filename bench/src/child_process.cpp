#include "child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "theta/base/check.h"

namespace theta::bench {

namespace {

/// Becomes the program, or ends.
[[noreturn]] void execute(const std::vector<std::string>& arguments) {
  std::vector<char*> raw;
  for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  ::execvp(raw[0], raw.data());
  ::_exit(127);
}

/// Forks; the child dies with its parent. The child's answer is 0.
pid_t fork_companion() {
  const pid_t parent = ::getpid();
  const pid_t id = ::fork();
  THETA_CHECK(id >= 0);
  if (id != 0) return id;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above.
  if (::getppid() != parent) ::_exit(1);
  return 0;
}

}  // namespace

ChildProcess ChildProcess::start(const std::function<void(int output)>& work) {
  int ends[2] = {-1, -1};
  THETA_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t id = fork_companion();
  if (id == 0) {
    ::close(ends[0]);
    work(ends[1]);
    // No destructors and no flushing of what the parent had buffered.
    ::_exit(0);
  }
  ::close(ends[1]);
  return {id, ends[0]};
}

ChildProcess ChildProcess::run(const std::vector<std::string>& arguments) {
  return start([&](int) {
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDIN_FILENO);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    execute(arguments);
  });
}

ChildProcess ChildProcess::converse(const std::vector<std::string>& arguments, const std::string& folder) {
  int ends[2] = {-1, -1};
  THETA_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t id = fork_companion();
  if (id == 0) {
    ::dup2(ends[1], STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    if (::chdir(folder.c_str()) != 0) ::_exit(127);
    execute(arguments);
  }
  ::close(ends[1]);
  return {id, ends[0]};
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)), output_(std::exchange(other.output_, -1)) {}

ChildProcess::~ChildProcess() {
  if (id_ > 0) stop();
  if (output_ >= 0) ::close(output_);
}

std::string ChildProcess::read_line() {
  std::string line;
  char next = 0;
  while (::read(output_, &next, 1) == 1 && next != '\n') line += next;
  return line;
}

void ChildProcess::write_line(const std::string& line) {
  const auto whole = line + "\n";
  std::size_t sent = 0;
  while (sent < whole.size()) {
    const auto taken = ::send(output_, whole.data() + sent, whole.size() - sent, MSG_NOSIGNAL);
    if (taken <= 0) return;  // It has ended, which `read_line` tells.
    sent += static_cast<std::size_t>(taken);
  }
}

ProcessUse ChildProcess::wait() {
  int status = 0;
  rusage use{};
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  if (id_ <= 0 || ::wait4(std::exchange(id_, -1), &status, 0, &use) < 0) return {};
  return {seconds(use.ru_utime) + seconds(use.ru_stime), WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

ProcessUse ChildProcess::stop() {
  if (id_ > 0) ::kill(id_, SIGTERM);
  return wait();
}

double ChildProcess::resident_kib() const {
  std::ifstream rollup("/proc/" + std::to_string(id_) + "/smaps_rollup");
  std::string word;
  double value = 0;
  while (rollup >> word)
    if (word == "Rss:" && rollup >> value) return value;
  return 0;
}

ScratchFolder::ScratchFolder(const std::string& parent) : path_(parent + "/theta-bench-XXXXXX") {
  THETA_CHECK(::mkdtemp(path_.data()) != nullptr);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace theta::bench
