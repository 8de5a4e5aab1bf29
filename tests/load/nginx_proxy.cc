#include "tests/load/nginx_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/load/cpu_meter.h"

namespace trivium::load {
namespace {

constexpr char kConfig[] = R"(daemon off;
worker_processes @WORKERS@;
pid @FOLDER@/pid;
error_log @FOLDER@/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  keepalive_requests 100000000;
  upstream service {
    server @UPSTREAM@;
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:@PORT@ http2;
    http2_max_requests 100000000;
    location / {
      grpc_pass grpcs://service;
      grpc_ssl_certificate @PKI@/product-@PRODUCT@.crt;
      grpc_ssl_certificate_key @PKI@/product-@PRODUCT@.key;
      grpc_ssl_trusted_certificate @PKI@/ca.crt;
      grpc_ssl_verify on;
      grpc_ssl_name @NAME@;
      grpc_ssl_server_name on;
      grpc_ssl_session_reuse on;
    }
  }
}
)";

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool good = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return good ? ntohs(address.sin_port) : 0;
}

bool Listens(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool good = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return good;
}

std::string FindNginx() {
  for (const char* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx", "/usr/bin/nginx"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return "";
}

}  // namespace

std::string NginxConfig(const NginxOptions& o, const std::string& folder, int port) {
  return absl::StrReplaceAll(kConfig, {{"@WORKERS@", absl::StrCat(o.workers)},
                                       {"@FOLDER@", folder},
                                       {"@PORT@", absl::StrCat(port)},
                                       {"@UPSTREAM@", o.upstream},
                                       {"@PKI@", std::filesystem::absolute(o.pki).string()},
                                       {"@PRODUCT@", o.product},
                                       {"@NAME@", o.server_name}});
}

absl::StatusOr<std::unique_ptr<NginxProxy>> NginxProxy::Start(const NginxOptions& options) {
  const std::string binary = FindNginx();
  if (binary.empty()) return absl::NotFoundError("there is no nginx; as root: apt-get install nginx-light");
  char name[] = "/tmp/trivium-nginx.XXXXXX";
  if (mkdtemp(name) == nullptr) return absl::InternalError("/tmp: no folder can be made there");
  std::unique_ptr<NginxProxy> proxy(new NginxProxy());
  proxy->folder_ = name;
  const int port = FreePort();
  proxy->address_ = absl::StrCat("127.0.0.1:", port);
  const std::string config = proxy->folder_ + "/nginx.conf";
  std::ofstream(config) << NginxConfig(options, proxy->folder_, port);
  proxy->pid_ = fork();
  if (proxy->pid_ == 0) {
    const int log = open((proxy->folder_ + "/output").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl(binary.c_str(), "nginx", "-p", name, "-c", config.c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 100; ++i) {
    if (Listens(port)) return proxy;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return absl::UnavailableError(absl::StrCat("nginx does not start: ", ReadText(proxy->folder_ + "/output")));
}

NginxProxy::~NginxProxy() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

double NginxProxy::CpuSeconds() const {
  double sum = ServerCpuSeconds(pid_, "").value_or(0);
  std::istringstream children(ReadText(absl::StrCat("/proc/", pid_, "/task/", pid_, "/children")));
  for (int child = 0; children >> child;) sum += ServerCpuSeconds(child, "").value_or(0);
  return sum;
}

}  // namespace trivium::load
