#include "libs/redis/fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trivium::redis {
namespace {

std::vector<std::string> WordsOf(const Reply& reply) {
  std::vector<std::string> words;
  const auto elements = reply.Array();
  if (!elements.ok()) return words;
  for (const Reply& element : *elements) words.push_back(element.Text().value_or(""));
  return words;
}

bool SendAll(int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

FakeServer::FakeServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  (void)bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  (void)listen(listener_, 64);
  if (pipe(wake_) != 0) abort();
  thread_ = std::thread([this] { Run(); });
}

FakeServer::~FakeServer() {
  (void)!write(wake_[1], "x", 1);
  thread_.join();
  for (const auto& [fd, peer] : peers_) close(fd);
  for (const int fd : {listener_, wake_[0], wake_[1]}) close(fd);
}

std::string FakeServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

int FakeServer::connections() const {
  MutexLock lock(mu_);
  return connections_;
}

int FakeServer::commands() const {
  MutexLock lock(mu_);
  return commands_;
}

void FakeServer::Run() {
  while (true) {
    std::vector<pollfd> watched = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) watched.push_back({fd, POLLIN, 0});
    (void)poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) return;
    if (watched[1].revents != 0) Accept();
    for (size_t i = 2; i < watched.size(); ++i) {
      const int fd = watched[i].fd;
      if (watched[i].revents == 0 || Serve(fd, peers_[fd])) continue;
      peers_.erase(fd);
      close(fd);
    }
  }
}

void FakeServer::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  peers_[fd];
  MutexLock lock(mu_);
  ++connections_;
}

bool FakeServer::Serve(int fd, Peer& peer) {
  std::array<char, 16384> chunk;
  const ssize_t n = recv(fd, chunk.data(), chunk.size(), 0);
  if (n <= 0) return false;
  peer.reader.Feed({chunk.data(), static_cast<size_t>(n)});
  while (true) {
    const auto command = peer.reader.Next();
    if (!command.ok()) return false;
    if (!command->has_value()) return true;
    {
      MutexLock lock(mu_);
      ++commands_;
    }
    const Answer answer = handler_(WordsOf(**command));
    if (!SendAll(fd, answer.bytes) || answer.close) return false;
  }
}

}  // namespace trivium::redis
