#include "services/control/live_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "services/control/publisher.h"
#include "services/control/store/memory_store.h"

namespace trivium::control {
namespace {

domain::Instance Payment(const std::string& id) {
  return {id, "payment", "cell-a", "127.0.0.1:" + std::to_string(1000 + id.back()), "1", true, absl::UnixEpoch()};
}

bool Alive(const LiveState& state, const std::string& id) {
  for (const domain::InstanceState& instance : state.instances()) {
    if (instance.instance.id == id) return instance.alive;
  }
  return false;
}

TEST(LiveStateTest, TheEndOfAnOlderStreamTakesNobodyOut) {
  const auto store = NewMemoryStore(Clock::Real());
  Metrics metrics;
  LiveState state({.replica = "control-1"}, *store, Clock::Real(), metrics);
  ASSERT_EQ(state.Start(), absl::OkStatus());
  state.Heartbeat(Payment("p1"), 1);
  state.Heartbeat(Payment("p1"), 2);
  state.Leave("p1", 1);
  EXPECT_TRUE(Alive(state, "p1"));
  state.Leave("p1", 2);
  EXPECT_FALSE(Alive(state, "p1"));
  state.Leave("unknown", 3);
}

TEST(LiveStateTest, ManyStreamsAtOnceEndInWhatTheySaidLast) {
  const auto store = NewMemoryStore(Clock::Real());
  Metrics metrics;
  xds::ResourceStore resources;
  LiveState state({.replica = "control-1"}, *store, Clock::Real(), metrics);
  Publisher publisher({"cell-a"}, {}, state, resources, metrics);
  std::atomic<int> changes{0};
  state.OnChange([&] {
    publisher.Publish();
    ++changes;
  });
  ASSERT_EQ(state.Start(), absl::OkStatus());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string id = "p" + std::to_string(t);
      for (uint64_t i = 1; i <= 50; ++i) {
        state.Heartbeat(Payment(id), i * 10 + static_cast<uint64_t>(t));
        if (i % 5 == 0) state.Leave(id, i * 10 + static_cast<uint64_t>(t));
        if (i % 7 == 0) {
          EXPECT_EQ(state.Refresh(), absl::OkStatus());
        }
      }
      if (t % 2 == 0) state.Heartbeat(Payment(id), 9999);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) EXPECT_EQ(Alive(state, "p" + std::to_string(t)), t % 2 == 0);
  EXPECT_GT(changes, 4);
  state.Stop();
  const auto rows = store->LoadInstances(absl::Now()).value();
  EXPECT_EQ(rows.size(), 4u) << "written at the latest when it stops";
}

}  // namespace
}  // namespace trivium::control
