#include "libs/test_process/test_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace trivium {

TestProcess::~TestProcess() { Terminate(SIGKILL); }

void TestProcess::Spawn(std::vector<std::string> command, const std::string& output) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  const char* file = output.empty() ? nullptr : output.c_str();
  pid_ = fork();
  if (pid_ != 0) return;
  // Between fork and exec of a program with threads: system calls only.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (file != nullptr) {
    const int fd = open(file, O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
  }
  execvp(argv[0], argv.data());
  _exit(127);
}

int TestProcess::Wait() {
  int state = 0;
  if (pid_ <= 0 || waitpid(pid_, &state, 0) < 0) return -1;
  pid_ = -1;
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

bool TestProcess::Running() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

void TestProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

void TestProcess::Terminate(int signal) {
  if (pid_ <= 0) return;
  kill(pid_, signal);
  kill(pid_, SIGCONT);
  Wait();
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  (void)bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string MakeShortTempFolder(const std::string& prefix) {
  std::string folder = "/tmp/" + prefix + ".XXXXXX";
  return mkdtemp(folder.data()) == nullptr ? "" : folder;
}

std::string Tail(const std::string& path) {
  std::ifstream in(path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace trivium
