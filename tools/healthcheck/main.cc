// healthcheck: asks a process on this machine whether it is well. Small, for images that have neither curl nor a shell.
//
//   healthcheck 9001 /readyz
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace trivium::healthcheck {
namespace {

constexpr char kUsage[] =
    "usage: healthcheck PORT PATH\n"
    "Asks http://127.0.0.1:PORT/PATH. Exit status: 0 the answer is 200, 1 it is not (the reason is printed), 2 wrong "
    "usage.\n";
constexpr time_t kTimeoutSeconds = 3;  // To connect, for each write and each read.
constexpr size_t kAnswerMax = 4096;    // Enough for the status and a reason.

int Fail(const std::string& what) {
  std::printf("%s\n", what.c_str());
  return 1;
}

// The whole of a short answer, "" when there is none.
std::string Exchange(int fd, const std::string& request) {
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return "";
  std::string answer;
  char buffer[1024];
  while (answer.size() < kAnswerMax) {
    const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    answer.append(buffer, static_cast<size_t>(n));
  }
  return answer;
}

// "HTTP/1.1 200 OK" -> 200; 0 when it is no HTTP.
int StatusOf(const std::string& answer) {
  const size_t space = answer.find(' ');
  return answer.compare(0, 7, "HTTP/1.") == 0 && space != std::string::npos ? std::atoi(answer.c_str() + space) : 0;
}

int Ask(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{kTimeoutSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Fail(std::string("nobody answers: ") + std::strerror(errno));
  const std::string answer = Exchange(fd, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  close(fd);
  const int status = StatusOf(answer);
  if (status == 200) return 0;
  if (status == 0) return Fail("no answer in " + std::to_string(kTimeoutSeconds) + " s, or no HTTP");
  const size_t body = answer.find("\r\n\r\n");
  return Fail("status " + std::to_string(status) + (body == std::string::npos ? "" : ": " + answer.substr(body + 4)));
}

int Main(int argc, char** argv) {
  const int port = argc == 3 ? std::atoi(argv[1]) : 0;
  if (port < 1 || port > 65535 || argv[2][0] != '/') {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return Ask(port, argv[2]);
}

}  // namespace
}  // namespace trivium::healthcheck

int main(int argc, char** argv) { return trivium::healthcheck::Main(argc, argv); }
