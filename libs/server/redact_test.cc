#include "libs/server/redact.h"

#include <gtest/gtest.h>

#include "libs/server/example_config.pb.h"

namespace trivium::server {
namespace {

TEST(RedactTest, MasksWhatIsMarkedAndNothingElse) {
  example::Config config;
  config.set_greeting("hello");
  config.set_secret("hunter2");
  config.add_more_secrets("a");
  config.add_more_secrets("b");
  Redact(&config);
  EXPECT_EQ(config.greeting(), "hello");
  EXPECT_EQ(config.secret(), "***");
  ASSERT_EQ(config.more_secrets_size(), 2);
  EXPECT_EQ(config.more_secrets(1), "***");
  example::Config empty;
  Redact(&empty);
  EXPECT_EQ(empty.secret(), "");  // That none is set is worth seeing.
}

}  // namespace
}  // namespace trivium::server
