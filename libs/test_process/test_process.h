// Child processes of a test: real servers that it starts, kills, hangs and surely ends.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace trivium {

// Not thread-safe. The child is killed with the thread that spawned it, so spawn from one that outlives the object.
class TestProcess {
 public:
  TestProcess() = default;
  ~TestProcess();  // SIGKILL.
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  // Starts command[0] (searched in PATH) with its output appended to the file output; "" inherits it. At most one child
  // at a time.
  void Spawn(std::vector<std::string> command, const std::string& output);
  // Waits for its end; its exit status, or 128 + the signal that ended it.
  int Wait();
  bool Running();
  void Signal(int signal);
  // Signals it (and wakes it when it is stopped), and waits for its end.
  void Terminate(int signal);

 private:
  pid_t pid_ = -1;
};

// A port of 127.0.0.1 that nobody listens on now.
int FreePort();
// A new folder "/tmp/<prefix>.XXXXXX": a unix socket's path has at most 107 bytes, $TEST_TMPDIR is longer.
std::string MakeShortTempFolder(const std::string& prefix);
// The end of a file, for error messages.
std::string Tail(const std::string& path);

}  // namespace trivium
