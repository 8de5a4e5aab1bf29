// What a service wants of control: config items, the route plan, and to be registered. Each keeps its last good state
// on disk (options.state_dir) and works without control.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/rpc/channel.h"

namespace google::protobuf {
class Message;
}
namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium
namespace trivium::control::v1 {
class ConfigItem;
class Instance;
class RoutePlan;
}  // namespace trivium::control::v1

namespace trivium::control_client {

struct Options {
  std::string control_address;  // Empty: no control; the state on disk is all there is.
  rpc::TlsFiles tls;
  std::string state_dir;
};

// Config items of some kinds, always the last good ones. Thread-safe.
class ConfigWatcher {
 public:
  ConfigWatcher(Options options, std::vector<std::string> kinds, Clock& clock, Metrics& metrics);
  ~ConfigWatcher();
  // Reads the state on disk, then follows control. Does not wait for it.
  absl::Status Start();
  void Stop();
  // Value of an item for a business key (percentage release); key "" gets the released part only at 100 %. false: no
  // such item.
  bool Find(std::string_view kind, std::string_view name, std::string_view key, google::protobuf::Message* value) const;
  std::vector<std::string> Names(std::string_view kind) const;
  // Grows with every change here: cache what you derive from items, and derive again when it has changed.
  int64_t generation() const;
  // Called on the watcher's thread after a change, also for the state from disk.
  void OnChange(std::function<void()> changed);
  // OK once there is any state, from disk or control.
  absl::Status Ready() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The route plan, always the last good one. Thread-safe.
class RoutePlanWatcher {
 public:
  RoutePlanWatcher(Options options, Clock& clock, Metrics& metrics);
  ~RoutePlanWatcher();
  absl::Status Start();
  void Stop();
  std::shared_ptr<const control::v1::RoutePlan> Get() const;  // Never null; empty before anything is known.
  void OnChange(std::function<void()> changed);
  struct Home {
    std::string cell;
    int64_t epoch = 0;
  };
  // The first cell that is not drained, and the epoch, of a product's route (or the "*" route). nullopt: no route
  // known.
  std::optional<Home> HomeOf(std::string_view product, std::string_view service) const;
  // Whether the cell is where a product's calls go first: by its route, without one by control's order of cells. What
  // does a product's work for the whole platform does it there alone. true while nothing is known.
  bool IsHome(std::string_view cell, std::string_view product, std::string_view service) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Keeps this process registered. Thread-safe.
class Registrar {
 public:
  Registrar(Options options, const control::v1::Instance& instance, std::function<bool()> ready, Clock& clock,
            Metrics& metrics);
  ~Registrar();
  void Start();
  // Tells control that the instance is not ready any more, at once (drain); goes on with heartbeats.
  void Drain();
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::control_client
