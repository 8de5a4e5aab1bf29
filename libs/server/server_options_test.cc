#include "libs/server/server_options.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/server/options.pb.h"

namespace trivium::server {
namespace {

ServerOptions Good() {
  ServerOptions options;
  options.set_instance_id("payment-1");
  SetDefaults(&options);
  return options;
}

TEST(ServerOptionsTest, DefaultsAreGood) {
  EXPECT_TRUE(Validate(Good()).ok()) << Validate(Good());
  EXPECT_EQ(Good().worker_threads(), 32);
  EXPECT_EQ(Good().cell(), "cell-a");
  ServerOptions chosen;
  chosen.set_worker_threads(7);
  SetDefaults(&chosen);
  EXPECT_EQ(chosen.worker_threads(), 7);
}

TEST(ServerOptionsTest, AProcessThatListensEverywhereSaysWhereItIs) {
  ServerOptions options = Good();
  options.set_grpc_address("0.0.0.0:9000");
  EXPECT_TRUE(Validate(options).ok()) << "alone it need not";
  options.set_control_address("control:9000");
  options.set_advertise_address("payment-1:9000");
  EXPECT_TRUE(Validate(options).ok()) << Validate(options);
}

struct Wrong {
  std::function<void(ServerOptions&)> make;
  const char* message;
};

TEST(ServerOptionsTest, NamesWhatIsWrong) {
  const Wrong cases[] = {
      {[](ServerOptions& o) { o.clear_instance_id(); },
       "server.instance_id: empty, want a name unique in the platform"},
      {[](ServerOptions& o) { o.set_worker_threads(513); }, "server.worker_threads: 513, want 1 to 512"},
      {[](ServerOptions& o) { o.set_worker_queue_max(-1); }, "server.worker_queue_max: -1, want 1 to 100000"},
      {[](ServerOptions& o) { o.set_grpc_address("21010"); },
       "server.grpc_address: \"21010\", want an IP address and a port, such as 127.0.0.1:21010"},
      {[](ServerOptions& o) { o.set_admin_address("127.0.0.1:99999"); },
       "server.admin_address: \"127.0.0.1:99999\", want an IP address and a port, such as 127.0.0.1:21010"},
      {[](ServerOptions& o) { o.mutable_log()->set_level("loud"); },
       "server.log.level: \"loud\", want debug, info, warning or error"},
      {[](ServerOptions& o) { o.set_state_dir("/nowhere"); },
       "server.state_dir: /nowhere, want a folder that exists and can be written"},
      {[](ServerOptions& o) { o.mutable_drain_timeout()->set_seconds(-1); },
       "server.drain_timeout: -1s, want 0 to 10m"},
      {[](ServerOptions& o) {
         o.set_grpc_address("0.0.0.0:9000");
         o.set_control_address("control:9000");
       },
       "server.advertise_address: empty, want host and port, since server.grpc_address is 0.0.0.0:9000"},
      {[](ServerOptions& o) { o.set_advertise_address("payment"); },
       "server.advertise_address: \"payment\", want a host that others reach and a port, such as 10.0.0.7:9000"},
      {[](ServerOptions& o) { o.set_advertise_address("[::]:9000"); },
       "server.advertise_address: \"[::]:9000\", want a host that others reach and a port, such as 10.0.0.7:9000"},
      {[](ServerOptions& o) { o.set_advertise_address("payment:0"); },
       "server.advertise_address: \"payment:0\", want a host that others reach and a port, such as 10.0.0.7:9000"},
      {[](ServerOptions& o) { o.mutable_tls()->set_key_file("/k"); },
       "server.tls: certificate, key and ca: want all three or none"},
  };
  for (const Wrong& wrong : cases) {
    ServerOptions options = Good();
    wrong.make(options);
    EXPECT_EQ(Validate(options).message(), wrong.message);
  }
}

}  // namespace
}  // namespace trivium::server
