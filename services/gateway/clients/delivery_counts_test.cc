#include "services/gateway/clients/delivery_counts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/gateway/clients/metrics.h"

namespace trivium::gateway {
namespace {

Id IdOf(uint8_t number) {
  Id id;
  id.bytes[15] = number;
  return id;
}

class DeliveryCountsTest : public testing::Test {
 protected:
  uint64_t Open(uint8_t number, SharedFrame* frame, const std::string& product = "acme") {
    const uint64_t tag = counts_.NewTag();
    *frame = SharedFrame::Make(Opcode::kText, "x", tag);
    counts_.Open(tag, product, IdOf(number), {*frame, {}});
    return tag;
  }
  // "1: 3 sent 1 dropped; ..."
  std::string Take(const std::string& product = "acme") {
    std::string taken;
    for (const DeliveryCount& count : counts_.Take(product, 100)) {
      taken += std::to_string(count.message_id.bytes[15]) + ": " + std::to_string(count.sent) + " sent " +
               std::to_string(count.dropped_slow) + " dropped; ";
    }
    return taken;
  }

  Metrics metrics_;
  DeliveryCounts counts_{3, metrics_};
};

TEST_F(DeliveryCountsTest, QueuedFramesCountWhenTheyAreWrittenOrDropped) {
  SharedFrame frame;
  const uint64_t tag = Open(1, &frame);
  std::vector<SharedFrame> queues(5, frame);
  frame = SharedFrame();
  counts_.Given(tag, 5);
  EXPECT_EQ(Take(), "") << "all of them are queued";
  queues.erase(queues.begin(), queues.begin() + 2);
  EXPECT_EQ(Take(), "1: 2 sent 0 dropped; ");
  counts_.Dropped(tag);
  queues.pop_back();
  EXPECT_EQ(Take(), "1: 0 sent 1 dropped; ");
  queues.clear();
  EXPECT_EQ(Take(), "1: 2 sent 0 dropped; ");
  EXPECT_EQ(counts_.size(), 0u);
  EXPECT_EQ(Take(), "");
}

TEST_F(DeliveryCountsTest, ProductsAreApart) {
  SharedFrame acme, globex;
  counts_.Given(Open(1, &acme), 1);
  counts_.Given(Open(2, &globex, "globex"), 1);
  acme = globex = SharedFrame();
  EXPECT_EQ(Take("globex"), "2: 1 sent 0 dropped; ");
  EXPECT_EQ(Take("acme"), "1: 1 sent 0 dropped; ");
  EXPECT_EQ(counts_.Products().size(), 2u);
}

TEST_F(DeliveryCountsTest, TheOldestIsGivenUpWhenThereAreTooMany) {
  std::vector<SharedFrame> frames(4);
  std::vector<uint64_t> tags;
  for (uint8_t i = 0; i < 4; ++i) tags.push_back(Open(i, &frames[i]));
  for (const uint64_t tag : tags) counts_.Given(tag, 1);
  counts_.Dropped(tags[0]);
  frames.clear();
  EXPECT_EQ(Take(), "1: 1 sent 0 dropped; 2: 1 sent 0 dropped; 3: 1 sent 0 dropped; ");
  EXPECT_EQ(metrics_.GetCounter(kWorkRefused, {"counts"}).Value(), 1);
}

}  // namespace
}  // namespace trivium::gateway
