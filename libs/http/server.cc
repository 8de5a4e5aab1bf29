#include "libs/http/server.h"

#include <pthread.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <future>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/connection.h"
#include "libs/http/router.h"
#include "libs/log/log.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

inline constexpr Metric kConnections{"trivium_http_connections", "Connections that are open.", {"server"}};
inline constexpr Metric kRejected{
    "trivium_http_connections_rejected_total", "Connections answered 503: max_connections reached.", {"server"}};

// Beyond max_connections so many more are open at once, to be told so.
constexpr int kMaxRejecting = 100;
constexpr int kBacklog = 1024;                                 // Connections that nobody has accepted yet.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // When the process is out of file descriptors.

Response Plain(int status, std::string_view text) {
  return {status, "text/plain; charset=utf-8", {}, absl::StrCat(ToAbsl(text), "\n")};
}

std::optional<tcp::endpoint> ParseAddress(std::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == address.npos || !absl::SimpleAtoi(ToAbsl(address.substr(colon + 1)), &port) || port < 0 || port > 65535)
    return std::nullopt;
  std::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  error_code ec;
  const auto ip = asio::ip::make_address(std::string(host), ec);
  if (ec) return std::nullopt;
  return tcp::endpoint(ip, static_cast<uint16_t>(port));
}

// Runs a handler; what it throws becomes a 500, since the responder is dropped.
template <typename Fn>
void Guarded(const TraceContext& context, std::string_view what, Fn fn) {
  const ScopedTrace trace(context, "");
  try {
    fn();
  } catch (const std::exception& e) {
    TRIVIUM_LOG(kError, "http handler threw", {"handler", what}, {"what", e.what()});
  } catch (...) {
    TRIVIUM_LOG(kError, "http handler threw", {"handler", what});
  }
}

// What a client is owed from the moment its request is whole: dropped unpaid, it pays with 500.
class Debt {
 public:
  explicit Debt(std::function<void(Response)> pay) : pay_(std::move(pay)) {}
  ~Debt() { Pay(Plain(500, "internal error")); }
  void Pay(Response response) {
    if (!paid_.exchange(true)) pay_(std::move(response));
  }

 private:
  const std::function<void(Response)> pay_;
  std::atomic<bool> paid_{false};
};

}  // namespace

// Shared with connections: a Responder may outlive the Server.
struct Core : ConnectionHost, std::enable_shared_from_this<Core> {
  Core(ServerOptions options, Metrics& metrics)
      : options_(std::move(options)),
        unmatched_(metrics, options_.name, "(none)"),
        refused_(metrics, options_.name, "(refused)"),
        open_gauge_(metrics.GetGauge(kConnections, {options_.name})),
        rejected_(metrics.GetCounter(kRejected, {options_.name})),
        ioc_(options_.threads),
        work_(asio::make_work_guard(ioc_)),
        acceptor_(asio::make_strand(ioc_)),
        accept_pause_(acceptor_.get_executor()) {}

  const ServerOptions& options() const override { return options_; }
  bool stopping() const override { return stopping_.load(); }
  bool accepting() const { return accepting_.load() && !stopping(); }
  void CountRefused(int status) override { refused_.Count(status); }
  void Dispatch(Request request, Responder respond) override;
  void Post(const asio::any_io_executor& executor, std::function<void()> work) override;
  void Opened(const std::shared_ptr<Connection>& connection) override;
  void Closed(Connection* connection) override;

  // Late answers come after Stop, when the threads and perhaps the metrics are gone.
  template <typename Fn>
  void IfServing(Fn fn) {
    MutexLock lock(serving_mu_);
    if (serving_) fn();
  }
  absl::Status Bind();
  void Accept();
  void CloseAcceptor();
  void OnAccepted(tcp::socket socket);
  void ShutdownConnections(bool now);
  bool WaitUntilClosed(absl::Duration d);

  const ServerOptions options_;
  Router router_;
  RouteMetrics unmatched_, refused_;
  Gauge& open_gauge_;
  Counter& rejected_;
  asio::io_context ioc_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;  // On a strand, with its pause.
  asio::steady_timer accept_pause_;
  int port_ = 0;
  std::atomic<bool> stopping_{false}, accepting_{true};

  Mutex mu_;
  CondVar closed_;
  std::map<Connection*, std::weak_ptr<Connection>> open_ ABSL_GUARDED_BY(mu_);
  Mutex serving_mu_;  // Taken after mu_.
  bool serving_ ABSL_GUARDED_BY(serving_mu_) = true;
};

void Core::Dispatch(Request request, Responder respond) {
  request.arrived = absl::Now();
  const Route* route = router_.Find(request.path);
  RouteMetrics& metrics = route == nullptr ? unmatched_ : *route->metrics;
  auto debt = std::make_shared<Debt>(
      [self = shared_from_this(), &metrics, start = request.arrived, respond = std::move(respond)](Response response) {
        self->IfServing([&] {
          metrics.Count(response.status);
          metrics.Observe(absl::Now() - start);
        });
        respond(std::move(response));
      });
  if (route == nullptr) return debt->Pay(Plain(404, "not found"));
  if (!route->Allows(request.method)) {
    Response response = Plain(405, "method not allowed");
    response.headers.emplace_back("Allow", route->AllowHeader());
    return debt->Pay(std::move(response));
  }
  route->handler(std::move(request), [debt](Response response) { debt->Pay(std::move(response)); });
}

void Core::Post(const asio::any_io_executor& executor, std::function<void()> work) {
  IfServing([&] { asio::post(executor, std::move(work)); });
}

void Core::Opened(const std::shared_ptr<Connection>& connection) {
  MutexLock lock(mu_);
  open_.emplace(connection.get(), connection);
  open_gauge_.Set(static_cast<double>(open_.size()));
}

void Core::Closed(Connection* connection) {
  MutexLock lock(mu_);
  open_.erase(connection);
  const auto left = static_cast<double>(open_.size());
  IfServing([&] { open_gauge_.Set(left); });
  if (open_.empty()) closed_.NotifyAll();
}

absl::Status Core::Bind() {
  const std::optional<tcp::endpoint> endpoint = ParseAddress(options_.address);
  if (!endpoint) return absl::InvalidArgumentError(absl::StrCat("address: \"", options_.address, "\", want IP:PORT"));
  error_code ec;
  acceptor_.open(endpoint->protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(*endpoint, ec);
  if (!ec) acceptor_.listen(kBacklog, ec);
  if (ec) return absl::UnavailableError(absl::StrCat("listen on ", options_.address, ": ", ec.message()));
  port_ = acceptor_.local_endpoint(ec).port();
  return absl::OkStatus();
}

void Core::Accept() {
  acceptor_.async_accept(asio::make_strand(ioc_), [self = shared_from_this()](error_code ec, tcp::socket socket) {
    if (self->stopping() || ec == asio::error::operation_aborted) return;
    if (!ec) self->OnAccepted(std::move(socket));
    if (!self->accepting()) return;
    if (!ec) return self->Accept();
    self->accept_pause_.expires_after(kAcceptPause);
    self->accept_pause_.async_wait([self](error_code) {
      if (self->accepting()) self->Accept();
    });
  });
}

// On the acceptor's strand.
void Core::CloseAcceptor() {
  error_code ignored;
  // Who waits in the queue has connected already: the kernel would reset them.
  if (!stopping()) {
    error_code empty;
    acceptor_.non_blocking(true, empty);
    for (int i = 0; i < kBacklog && !empty; ++i) {
      tcp::socket socket(asio::make_strand(ioc_));
      acceptor_.accept(socket, empty);
      if (!empty) OnAccepted(std::move(socket));
    }
  }
  acceptor_.close(ignored);
  accept_pause_.cancel();
}

void Core::OnAccepted(tcp::socket socket) {
  int open = 0;
  {
    MutexLock lock(mu_);
    open = static_cast<int>(open_.size());
  }
  if (open < options_.max_connections) return NewConnection(shared_from_this(), std::move(socket))->Start();
  rejected_.Add();
  if (open < options_.max_connections + kMaxRejecting) NewConnection(shared_from_this(), std::move(socket))->Reject();
}

void Core::ShutdownConnections(bool now) {
  std::vector<std::shared_ptr<Connection>> alive;
  {
    MutexLock lock(mu_);
    for (const auto& [unused, weak] : open_) {
      if (auto connection = weak.lock()) alive.push_back(std::move(connection));
    }
  }
  for (const auto& connection : alive) connection->Shutdown(now);
}

bool Core::WaitUntilClosed(absl::Duration d) {
  const absl::Time end = absl::Now() + d;
  MutexLock lock(mu_);
  while (!open_.empty() && absl::Now() < end) closed_.WaitFor(mu_, end - absl::Now());
  return open_.empty();
}

struct Server::Impl {
  std::shared_ptr<Core> core;
  Metrics& metrics;
  std::vector<std::thread> threads;
};

Server::Server(ServerOptions options, Metrics& metrics)
    : impl_(std::make_unique<Impl>(Impl{std::make_shared<Core>(std::move(options), metrics), metrics, {}})) {}

Server::~Server() { Stop(absl::ZeroDuration()); }

void Server::HandleAsync(std::string_view methods, std::string_view pattern, AsyncHandler handler) {
  Route route;
  route.handler = [handler = std::move(handler), what = std::string(pattern)](Request request, Responder respond) {
    const TraceContext trace = TraceContext::FromHeader(request.Header(kTraceparent));
    Guarded(trace, what, [&] { handler(std::move(request), std::move(respond)); });
  };
  route.metrics = std::make_unique<RouteMetrics>(impl_->metrics, impl_->core->options_.name, std::string(pattern));
  impl_->core->router_.Add(methods, pattern, std::move(route));
}

void Server::Handle(std::string_view methods, std::string_view pattern, Handler handler) {
  HandleAsync(methods, pattern, [handler = std::move(handler)](const Request& request, const Responder& respond) {
    respond(handler(request));
  });
}

void Server::HandleBlocking(std::string_view methods, std::string_view pattern, WorkerPool& pool, Handler handler) {
  HandleAsync(methods, pattern, [&pool, handler = std::move(handler)](Request request, Responder respond) {
    auto shared = std::make_shared<std::pair<Request, Responder>>(std::move(request), std::move(respond));
    const bool queued = pool.Submit([shared, handler, trace = *ScopedTrace::Current()] {
      Guarded(trace, shared->first.path, [&] { shared->second(handler(shared->first)); });
    });
    if (queued) return;
    Response busy = Plain(503, "overloaded");
    busy.headers.emplace_back("Retry-After", "1");
    shared->second(std::move(busy));
  });
}

absl::Status Server::Start() {
  if (absl::Status bound = impl_->core->Bind(); !bound.ok()) return bound;
  impl_->core->Accept();
  for (int i = 0; i < impl_->core->options_.threads; ++i) {
    impl_->threads.emplace_back([core = impl_->core] {
      pthread_setname_np(pthread_self(), "http");
      core->ioc_.run();
    });
  }
  return absl::OkStatus();
}

void Server::StopAccepting() {
  Core& core = *impl_->core;
  if (core.stopping() || !core.accepting_.exchange(false) || impl_->threads.empty()) return;
  std::promise<void> closed;
  asio::post(core.acceptor_.get_executor(), [&] {
    core.CloseAcceptor();
    closed.set_value();
  });
  closed.get_future().wait();
}

void Server::Stop(absl::Duration grace) {
  Core& core = *impl_->core;
  if (core.stopping_.exchange(true)) return;
  asio::post(core.acceptor_.get_executor(), [self = impl_->core] { self->CloseAcceptor(); });
  if (!impl_->threads.empty()) {
    core.ShutdownConnections(false);
    if (!core.WaitUntilClosed(grace)) core.ShutdownConnections(true);
  }
  {
    MutexLock lock(core.serving_mu_);
    core.serving_ = false;
  }
  core.work_.reset();
  for (std::thread& thread : impl_->threads) thread.join();
  if (impl_->threads.empty()) core.ioc_.poll();
}

int Server::port() const { return impl_->core->port_; }

}  // namespace trivium::http
