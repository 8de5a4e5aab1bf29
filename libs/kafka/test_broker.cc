#include "libs/kafka/test_broker.h"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/kafka/producer.h"
#include "libs/kafka/rdkafka.h"
#include "libs/status/status.h"

namespace trivium::kafka {
namespace {

constexpr absl::Duration kReadyWithin = absl::Seconds(90);
constexpr char kClusterId[] = "4L6g3nShT-eMCtK--X86sw";

absl::StatusOr<std::string> FindLibs() {
  namespace fs = std::filesystem;
  if (const char* libs = getenv("TRIVIUM_KAFKA_LIBS"); libs != nullptr && fs::is_directory(libs)) return libs;
  for (fs::path folder = fs::current_path(); folder != folder.root_path(); folder = folder.parent_path()) {
    if (fs::is_directory(folder / ".trv/cache/kafka")) return (folder / ".trv/cache/kafka").string();
  }
  return absl::FailedPreconditionError(
      "Kafka's jars are not there: run ./trv deps, which copies them to .trv/cache/kafka, and pass "
      "--test_env=TRIVIUM_KAFKA_LIBS=<that folder> to bazel test");
}

}  // namespace

absl::StatusOr<std::unique_ptr<TestBroker>> TestBroker::Start() {
  std::unique_ptr<TestBroker> broker(new TestBroker);
  TRIVIUM_ASSIGN_OR_RETURN(broker->libs_, FindLibs());
  broker->folder_ = MakeShortTempFolder("trvkafka");
  if (broker->folder_.empty()) return absl::InternalError("no temporary folder can be made");
  broker->port_ = FreePort();
  broker->controller_port_ = FreePort();
  TRIVIUM_RETURN_IF_ERROR(broker->WriteConfig());
  std::vector<std::string> format = broker->Java("kafka.tools.StorageTool");
  format.insert(format.end(), {"format", "-t", kClusterId, "-c", broker->folder_ + "/server.properties"});
  broker->process_.Spawn(format, broker->folder_ + "/log");
  if (broker->process_.Wait() != 0)
    return absl::InternalError("Kafka's storage tool failed: " + Tail(broker->folder_ + "/log"));
  TRIVIUM_RETURN_IF_ERROR(broker->Launch());
  return broker;
}

TestBroker::~TestBroker() {
  process_.Terminate(SIGKILL);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::string TestBroker::brokers() const { return absl::StrCat("127.0.0.1:", port_); }

absl::Status TestBroker::CreateTopic(const std::string& name, int partitions) {
  return EnsureTopic(brokers(), name, partitions, absl::Seconds(30));
}

std::vector<std::string> TestBroker::Java(const std::string& main_class) const {
  return {"java",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx256m",
          "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
          "-cp",
          libs_ + "/*",
          main_class};
}

absl::Status TestBroker::WriteConfig() {
  std::ofstream(folder_ + "/server.properties")
      << "process.roles=broker,controller\nnode.id=1\n"
      << "controller.quorum.voters=1@127.0.0.1:" << controller_port_ << "\n"
      << "listeners=PLAINTEXT://127.0.0.1:" << port_ << ",CONTROLLER://127.0.0.1:" << controller_port_ << "\n"
      << "advertised.listeners=PLAINTEXT://127.0.0.1:" << port_ << "\n"
      << "controller.listener.names=CONTROLLER\n"
      << "log.dirs=" << folder_ << "/data\n"
      << "num.partitions=1\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
      << "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
      << "transaction.state.log.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n"
      << "num.network.threads=2\nnum.io.threads=2\nbackground.threads=2\n"
      // With the defaults a restart after kill -9 waits 12-15 s for the old registration to expire.
      << "broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n";
  return absl::OkStatus();
}

absl::Status TestBroker::Launch() {
  std::vector<std::string> command = Java("kafka.Kafka");
  command.push_back(folder_ + "/server.properties");
  process_.Spawn(command, folder_ + "/log");
  TRIVIUM_ASSIGN_OR_RETURN(ConfPtr conf, NewConf({{"bootstrap.servers", brokers()}, {"log_level", "0"}}));
  TRIVIUM_ASSIGN_OR_RETURN(const ClientPtr client, NewClient(RD_KAFKA_PRODUCER, std::move(conf)));
  for (const absl::Time until = absl::Now() + kReadyWithin; absl::Now() < until && process_.Running();) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client.get(), 0, nullptr, &metadata, 500);
    const bool ready = error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt == 1;
    if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
    if (ready) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(50));
  }
  return absl::InternalError("Kafka is not ready: " + Tail(folder_ + "/log"));
}

void TestBroker::Kill9() { process_.Terminate(SIGKILL); }

absl::Status TestBroker::Restart() {
  process_.Terminate(SIGTERM);
  return Launch();
}

void TestBroker::Stop() { process_.Signal(SIGSTOP); }
void TestBroker::Cont() { process_.Signal(SIGCONT); }

}  // namespace trivium::kafka
