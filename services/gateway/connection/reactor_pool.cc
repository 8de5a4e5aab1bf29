#include "services/gateway/connection/reactor_pool.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::gateway {

absl::StatusOr<std::unique_ptr<ReactorPool>> ReactorPool::Start(int reactors, const ReactorOptions& options,
                                                                Clock& clock, Metrics& metrics) {
  if (reactors < 0 || reactors > kMaxReactors) {
    return FieldsError({{"reactors", absl::StrCat(reactors, ", want 0-", kMaxReactors)}});
  }
  const int cores = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxReactors);
  std::unique_ptr<ReactorPool> pool(new ReactorPool);
  for (int i = 0; i < (reactors == 0 ? cores : reactors); ++i) {
    TRIVIUM_ASSIGN_OR_RETURN(auto reactor,
                             Reactor::New(static_cast<uint16_t>(i), options, pool->budget_, clock, metrics));
    pool->reactors_.push_back(std::move(reactor));
  }
  for (const auto& reactor : pool->reactors_) reactor->Start();
  return pool;
}

absl::Status ReactorPool::Adopt(AcceptedSocket socket) {
  const auto fewest = std::min_element(reactors_.begin(), reactors_.end(), [](const auto& a, const auto& b) {
    return a->connections() < b->connections();
  });
  return (*fewest)->Adopt(std::move(socket));
}

bool ReactorPool::Run(ConnectionId id, absl::AnyInvocable<void(Connection&)> fn) {
  Reactor* reactor = Of(id);
  return reactor != nullptr && reactor->Run(id, std::move(fn));
}

bool ReactorPool::Send(ConnectionId id, SharedFrame frame, FrameClass frame_class) {
  Reactor* reactor = Of(id);
  return reactor != nullptr && reactor->Send(id, std::move(frame), frame_class);
}

bool ReactorPool::Close(ConnectionId id, uint16_t code, std::string reason) {
  Reactor* reactor = Of(id);
  return reactor != nullptr && reactor->Close(id, code, std::move(reason));
}

bool ReactorPool::Publish(std::string_view channel, const FrameForms& frames, FrameClass frame_class) {
  bool all = true;
  for (const auto& reactor : reactors_) all = reactor->Publish(std::string(channel), frames, frame_class) && all;
  return all;
}

bool ReactorPool::Broadcast(std::span<const ConnectionId> ids, const FrameForms& frames, FrameClass frame_class) {
  std::vector<std::vector<ConnectionId>> by_reactor(reactors_.size());
  for (const ConnectionId id : ids) {
    if (id.reactor < by_reactor.size()) by_reactor[id.reactor].push_back(id);
  }
  bool all = true;
  for (size_t i = 0; i < by_reactor.size(); ++i) {
    if (by_reactor[i].empty()) continue;
    all = reactors_[i]->Broadcast(std::move(by_reactor[i]), frames, frame_class) && all;
  }
  return all;
}

int ReactorPool::connections() const {
  int sum = 0;
  for (const auto& reactor : reactors_) sum += reactor->connections();
  return sum;
}

void ReactorPool::Stop(uint16_t code, std::string_view reason, absl::Duration grace) {
  std::vector<std::thread> stops;
  for (const auto& reactor : reactors_) {
    stops.emplace_back([&reactor, code, reason, grace] { reactor->Stop(code, reason, grace); });
  }
  for (std::thread& stop : stops) stop.join();
}

}  // namespace trivium::gateway
