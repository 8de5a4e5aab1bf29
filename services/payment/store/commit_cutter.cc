#include "services/payment/store/commit_cutter.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "libs/test_process/test_process.h"

namespace trivium::payment {
namespace {

constexpr size_t kHeader = 4;  // Of a packet: 3 bytes of length, 1 of sequence.
constexpr char kQuery = 3;     // COM_QUERY.

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int Dial(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// What is there, at least a byte; empty: the peer has gone.
std::string Receive(int fd) {
  std::string bytes(64 << 10, '\0');
  const ssize_t n = recv(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return bytes;
}

// Length of the first packet with its header; 0: it is not whole.
size_t FirstPacket(const std::string& bytes) {
  if (bytes.size() < kHeader) return 0;
  const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  const size_t length = kHeader + (at(0) | at(1) << 8 | at(2) << 16);
  return bytes.size() < length ? 0 : length;
}

// The SQL of a packet; "" when it is none.
std::string_view SqlOf(std::string_view packet) {
  return packet.size() > kHeader && packet[kHeader] == kQuery ? packet.substr(kHeader + 1) : std::string_view();
}

bool Writes(std::string_view sql) { return sql.starts_with("INSERT") || sql.starts_with("UPDATE"); }

}  // namespace

CommitCutter::CommitCutter(std::string server_socket)
    : server_socket_(std::move(server_socket)), folder_(MakeShortTempFolder("trvcut")), socket_(folder_ + "/s") {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(socket_);
  // Were it to fail, no client could connect, and the test says so.
  (void)bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  (void)listen(listener_, 64);
  acceptor_ = std::thread([this] { Accept(); });
}

CommitCutter::~CommitCutter() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::list<std::thread> links;
  {
    MutexLock lock(mu_);
    links.swap(links_);
  }
  for (std::thread& link : links) link.join();
  close(listener_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void CommitCutter::Arm(Cut cut, int count, bool down_after) {
  MutexLock lock(mu_);
  cut_ = cut;
  left_ = count;
  down_after_ = down_after;
}

void CommitCutter::Heal() {
  MutexLock lock(mu_);
  left_ = 0;
  down_ = false;
}

int CommitCutter::cuts() const {
  MutexLock lock(mu_);
  return cuts_;
}

bool CommitCutter::down() const {
  MutexLock lock(mu_);
  return down_;
}

void CommitCutter::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mu_);
    if (client < 0 || stopping_) {
      if (client >= 0) close(client);
      return;
    }
    open_.insert(client);
    links_.emplace_back([this, client] { Serve(client); });
  }
}

void CommitCutter::Serve(int client) {
  Link link{.client = client, .server = Dial(server_socket_)};
  if (link.server >= 0) {
    MutexLock lock(mu_);
    open_.insert(link.server);
    if (stopping_) shutdown(link.server, SHUT_RDWR);
  }
  for (bool goes_on = link.server >= 0 && !down(); goes_on;) {
    pollfd ready[] = {{.fd = link.client, .events = POLLIN}, {.fd = link.server, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) break;
    if (ready[1].revents != 0) goes_on = FromServer(link);
    if (goes_on && ready[0].revents != 0) goes_on = FromClient(link);
  }
  MutexLock lock(mu_);
  for (const int fd : {link.client, link.server}) {
    open_.erase(fd);
    if (fd >= 0) close(fd);
  }
}

bool CommitCutter::FromServer(Link& link) {
  const std::string bytes = Receive(link.server);
  return !bytes.empty() && !link.drop_answer && !down() && SendAll(link.client, bytes);
}

bool CommitCutter::FromClient(Link& link) {
  const std::string bytes = Receive(link.client);
  if (bytes.empty() || down()) return false;
  link.pending += bytes;
  while (const size_t length = FirstPacket(link.pending)) {
    const std::string packet = link.pending.substr(0, length);
    link.pending.erase(0, length);
    Cut cut;
    const bool goes_on =
        SqlOf(packet) == "COMMIT" && TakeCut(&cut) ? LoseCommit(link, cut, packet) : Forward(link, packet);
    if (!goes_on) return false;
  }
  return true;
}

bool CommitCutter::Forward(Link& link, const std::string& packet) {
  if (!SendAll(link.server, packet)) return false;
  if (!Writes(SqlOf(packet))) return true;
  MutexLock lock(mu_);
  ++writes_;
  changed_.NotifyAll();
  return true;
}

bool CommitCutter::TakeCut(Cut* cut) {
  MutexLock lock(mu_);
  if (left_ == 0) return false;
  *cut = cut_;
  ++cuts_;
  if (--left_ == 0 && down_after_) down_ = true;
  return true;
}

bool CommitCutter::LoseCommit(Link& link, Cut cut, const std::string& packet) {
  switch (cut) {
    case Cut::kBeforeServer:
      return false;
    case Cut::kAfterServer:
      link.drop_answer = true;
      return SendAll(link.server, packet);
    case Cut::kLate:
      break;
  }
  {
    MutexLock lock(mu_);
    const int64_t before = writes_;
    shutdown(link.client, SHUT_RDWR);
    while (writes_ == before && !stopping_) changed_.Wait(mu_);
  }
  // The server is done with it when it answers.
  if (SendAll(link.server, packet)) Receive(link.server);
  return false;
}

}  // namespace trivium::payment
