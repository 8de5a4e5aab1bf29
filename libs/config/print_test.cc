#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/config/config.h"
#include "libs/config/config_test.pb.h"

namespace trivium::config {
namespace {

using google::protobuf::util::MessageDifferencer;

TestOptions Filled() {
  TestOptions options;
  options.set_address("a \"b\" \\ ${HOME}\n\x01支付");
  options.set_threads(-3);
  options.set_unsigned_big(UINT64_MAX);
  options.set_ratio(0.25);
  options.set_enabled(true);
  options.set_speed(TestOptions::SLOW);
  options.mutable_timeout()->set_seconds(90);
  options.mutable_timeout()->set_nanos(5'000'000);
  options.mutable_pool()->set_max_connections(4);
  options.add_names("true");
  options.add_names("");
  options.add_pools()->set_level("x");
  options.add_pools();
  (*options.mutable_labels())["a: b"] = "#c";
  (*options.mutable_pools_by_name())["p"].set_max_connections(5);
  (*options.mutable_flags())[-7] = true;
  options.add_delays()->set_nanos(1000);
  options.set_right(8);
  options.set_maybe(0);
  options.mutable_self()->set_threads(2);
  return options;
}

TEST(PrintYaml, ReadsBackAsTheSame) {
  for (const TestOptions& options : {TestOptions(), Filled()}) {
    const std::string yaml = PrintYaml(options);
    TestOptions back;
    const absl::Status status = ParseYaml(yaml, "printed.yaml", &back);
    ASSERT_TRUE(status.ok()) << status << "\n" << yaml;
    // Sub-messages without any field set read back as set.
    EXPECT_TRUE(MessageDifferencer::Equivalent(options, back)) << yaml << back.DebugString();
  }
}

TEST(PrintYaml, HasEveryFieldAndItsComment) {
  std::ifstream file("libs/config/config_test_proto.binpb");
  std::stringstream descriptors;
  descriptors << file.rdbuf();
  TestOptions options;
  options.set_threads(8);
  const std::string yaml = PrintYaml(options, descriptors.str());
  EXPECT_NE(yaml.find("# Address to listen on.\n# Second line.\naddress: \"\"\n"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("# Threads: 1-512.\nthreads: 8\n"), std::string::npos) << yaml;
  // What is not set stands as a comment, with its own fields.
  EXPECT_NE(yaml.find("# Nested options.\n# pool:\n#   # Most connections.\n#   max_connections: 0\n"),
            std::string::npos)
      << yaml;
  EXPECT_NE(yaml.find("# Not set by default.\n# maybe: 0\n"), std::string::npos) << yaml;
  for (int i = 0; i < TestOptions::descriptor()->field_count(); ++i) {
    EXPECT_NE(yaml.find(TestOptions::descriptor()->field(i)->name() + ":"), std::string::npos);
  }
}

TEST(PrintYaml, MasksSecrets) {
  TestOptions options;
  options.set_password("s3cret");
  options.mutable_self()->set_password("s3cret");
  const std::string yaml = PrintYaml(options);
  EXPECT_EQ(yaml.find("s3cret"), std::string::npos);
  EXPECT_NE(yaml.find("password: \"***\""), std::string::npos);
}

TEST(PrintYaml, BrokenDescriptorsMeanNoComments) { EXPECT_EQ(PrintYaml(Filled(), "\xff\xff"), PrintYaml(Filled())); }

}  // namespace
}  // namespace trivium::config
