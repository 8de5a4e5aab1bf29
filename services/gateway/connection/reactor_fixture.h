// A reactor turned by hand under a clock of the test's, and its clients over socket pairs. For tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/connection/metrics.h"
#include "services/gateway/connection/reactor.h"
#include "services/gateway/connection/test_client.h"

namespace trivium::gateway {

inline SharedFrame Text(std::string_view payload, uint64_t tag = 0) {
  return SharedFrame::Make(Opcode::kText, payload, tag);
}

struct How {
  bool echo = false, small_buffers = false;
  std::string early_bytes = "";
  int form = 0;
  SharedFrame ping = {};
  std::vector<std::string> joins = {};
};

class ReactorTest : public testing::Test {
 protected:
  struct Peer {
    std::unique_ptr<TestClient> client;
    std::shared_ptr<Story> story;
  };

  ReactorTest() {
    clock_.Advance(absl::Hours(1));
    options_.frames_per_second = 0;
    options_.connect_timeout = absl::Hours(1);
  }
  Reactor& reactor() {
    if (reactor_ == nullptr) reactor_ = Reactor::New(0, options_, budget_, clock_, metrics_).value();
    return *reactor_;
  }
  absl::Status Adopt(UniqueFd server, std::shared_ptr<Story> story, const How& how) {
    return reactor().Adopt({.fd = std::move(server),
                            .early_bytes = how.early_bytes,
                            .form = how.form,
                            .ping = how.ping,
                            .handler = std::make_unique<StoryHandler>(story, how.echo, how.joins)});
  }
  Peer Connect(const How& how = {}) {
    auto [server, client] = SocketPair(how.small_buffers);
    Peer peer{std::make_unique<TestClient>(std::move(client)), std::make_shared<Story>()};
    EXPECT_TRUE(Adopt(std::move(server), peer.story, how).ok());
    Settle();
    return peer;
  }
  void Settle(int turns = 8) {
    for (int i = 0; i < turns; ++i) reactor().Turn(absl::ZeroDuration());
  }
  void Pass(absl::Duration d) {
    clock_.Advance(d);
    Settle();
  }
  void Send(const Peer& to, const SharedFrame& frame, FrameClass frame_class) {
    ASSERT_TRUE(reactor().Send(to.story->id(), frame, frame_class));
  }
  double Writes() { return metrics_.GetCounter(kWrites).Value(); }

  FakeClock clock_;
  Metrics metrics_;
  QueueBudget budget_;
  ReactorOptions options_;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace trivium::gateway
