// All parts of ops, built bottom-up, with their starts and stops.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "services/ops/settings.h"

namespace grpc {
class Service;
}
namespace trivium {
class Clock;
class Metrics;
class WorkerPool;
namespace rpc {
class CallGuard;
struct TlsFiles;
}  // namespace rpc
}  // namespace trivium

namespace trivium::ops {

class Ops {
 public:
  struct Surroundings {
    rpc::CallGuard& guard;
    WorkerPool& workers;
    Clock& clock;
    Metrics& metrics;
    const rpc::TlsFiles& tls;
  };
  // All references outlive it.
  Ops(const Settings& settings, People::Map people, const Surroundings& surroundings);
  ~Ops();

  grpc::Service* service();
  // In order: xDS relay, profiles, database, boards, activities, console.
  absl::Status Start();
  void Stop();
  // The console takes no request any more; those that it has are answered.
  void CloseConsole();
  // OK while the database answers: without it nobody is signed in.
  absl::Status Ready();
  void ReplacePeople(People::Map people);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::ops
