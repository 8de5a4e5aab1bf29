#include "services/payment/settings.h"

#include <gtest/gtest.h>

#include "services/payment/config.pb.h"

namespace trivium::payment {
namespace {

Config ConfigOf(int batch, int threads, int psp_timeout_s) {
  Config config;
  SetDefaults(&config);
  Config::Psp* psp = config.add_psps();
  psp->set_name("sandbox");
  psp->mutable_sandbox()->set_base_url("http://psp");
  psp->mutable_sandbox()->set_notify_url("http://here");
  psp->mutable_sandbox()->set_merchants_file("merchants.yaml");
  config.mutable_workers()->set_batch(batch);
  config.mutable_workers()->set_threads(threads);
  config.mutable_workers()->mutable_psp_timeout()->set_seconds(psp_timeout_s);
  return config;
}

TEST(SettingsTest, AClaimOutlastsTheQuestionsAboutAllThatIsInHand) {
  struct Case {
    int batch, threads, psp_timeout_s;
    absl::Duration want;
  };
  for (const Case& c : {Case{100, 32, 5, absl::Seconds(30)},  // The defaults: 4 rounds and one that was under way.
                        {1, 1, 1, absl::Seconds(30)},
                        {1000, 256, 20, absl::Seconds(105)},
                        {118, 1, 5, absl::Minutes(10)}}) {
    const Config config = ConfigOf(c.batch, c.threads, c.psp_timeout_s);
    ASSERT_TRUE(CheckConfig(config).ok()) << CheckConfig(config);
    EXPECT_EQ(ToSettings(config).workers.claim_for, c.want) << c.batch << " " << c.threads << " " << c.psp_timeout_s;
  }
}

// A thousand payments in hand of one thread were claimed for five and a half hours; had it died, for nothing.
TEST(SettingsTest, RefusesClaimsOfMoreThanTenMinutes) {
  EXPECT_FALSE(CheckConfig(ConfigOf(119, 1, 5)).ok());
  const std::string message(CheckConfig(ConfigOf(1000, 1, 20)).message());
  EXPECT_NE(
      message.find("workers.batch: 1000, want at most 28 with 1 threads and a psp_timeout of 20s: an instance that "
                   "dies would hold its objects for 5h33m45s, want at most 10m"),
      message.npos)
      << message;
  EXPECT_TRUE(CheckConfig(ConfigOf(28, 1, 20)).ok()) << "what the message says";
}

TEST(SettingsTest, NamesTheFieldThatIsWrongByItselfAlone) {
  const std::string message(CheckConfig(ConfigOf(1000, 0, 20)).message());
  EXPECT_NE(message.find("workers.threads: 0, want 1 to 256"), message.npos) << message;
  EXPECT_EQ(message.find("workers.batch"), message.npos) << message;
}

}  // namespace
}  // namespace trivium::payment
