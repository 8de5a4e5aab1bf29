// A gRPC service for tests that takes any method, and an executor in front of it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "services/gateway/auth/testing.h"
#include "services/gateway/commands/live_command_table.h"
#include "services/gateway/commands/testing.h"
#include "services/gateway/execution/command_executor.h"
#include "services/gateway/profiles/live_profiles.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {

// A call as the service got it.
struct SeenCall {
  std::string method;                           // "/package.Service/Method"
  std::map<std::string, std::string> metadata;  // Names that came twice: the first.
  std::string request;
  absl::Duration time_left;
};
struct BackendAnswer {
  grpc::Status status;
  std::string bytes;
  bool never = false;  // Held until the client gives up or the backend stops.
};

class GenericBackend {
 public:
  using Answer = std::function<BackendAnswer(const SeenCall&)>;

  explicit GenericBackend(Answer answer);
  ~GenericBackend();
  std::shared_ptr<grpc::Channel> Dial() const;
  int held() const;  // Calls that are not answered now.
  int cancelled() const;

 private:
  class Service;
  class Call;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// Gateway's parts up to the executor, with products acme and globex and the command "echo" of all.
class ExecutorWorld {
 public:
  explicit ExecutorWorld(GenericBackend::Answer answer, ExecutorOptions options = {});
  ~ExecutorWorld();

  // A change of items is seen after Refresh.
  FakeConfigSource& source() { return tokens_.source(); }
  void Refresh();
  TokenWorld& tokens() { return tokens_; }
  CommandExecutor& executor() { return *executor_; }
  GenericBackend& backend() { return backend_; }
  Metrics& metrics() { return tokens_.metrics(); }
  const jwt::Signer& acme() const { return acme_; }
  const jwt::Signer& globex() const { return globex_; }
  struct Dialled {
    std::string product, service;
    bool repeatable = false;
    bool operator==(const Dialled&) const = default;
  };
  std::vector<Dialled> dialled() const;

  // Runs a call and waits for its answer, 20 s.
  absl::StatusOr<std::string> Run(CommandCall call);
  // A call of acme's user u-7.
  static CommandCall UserCall(const std::string& name, std::string json);

 private:
  const jwt::Signer acme_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k0").value();
  const jwt::Signer globex_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k0").value();
  TokenWorld tokens_;
  GenericBackend backend_;
  LiveCommandTable table_;
  Limiter limiter_;
  WorkerPool pool_{"pool", 2, 100};
  AccessLog access_log_;
  mutable Mutex mu_;
  std::vector<Dialled> dialled_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<GrpcServiceCaller> caller_;
  std::unique_ptr<CommandExecutor> executor_;
};

}  // namespace trivium::gateway
