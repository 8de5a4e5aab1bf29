// The process that the crash test kills: works the script off over MySQL, in threads, and appends a line to a file for
// each answer that a client would have got: "<what> <id>".
//
//   crash_writer SOCKET ANSWERS_FILE THREADS
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/mysql/mysql.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/store/crash_script.h"
#include "services/payment/store/mysql_store.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

constexpr int64_t kAmount = 19900, kWrongAmount = 19800;

class Direct : public StoreUnderTest {
 public:
  explicit Direct(mysql::PoolOptions options) : pool_(mysql::NewPool(std::move(options), Clock::Real(), metrics_)) {}
  Store& store() override { return store_; }
  void Settle(const std::string&) override {}

 private:
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_;
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  MysqlStore store_{*pool_, *ids_, metrics_};
};

// Works orders off. Thread-safe.
class Client {
 public:
  // answers: a file, opened to append.
  Client(StoreCalls& calls, int answers) : calls_(calls), answers_(answers) {}
  absl::Status Work(const CrashOrder& order);

 private:
  absl::Status RefundAll(const CrashOrder& order, const Payment& payment);
  // In one write: what is told is what a client knows for sure.
  void Note(const std::string& what, const Id& id) {
    const std::string line = absl::StrCat(what, " ", FormatId("x", id), "\n");
    (void)!write(answers_, line.data(), line.size());
  }

  StoreCalls& calls_;
  const int answers_;
};

absl::Status Client::Work(const CrashOrder& order) {
  TRIVIUM_ASSIGN_OR_RETURN(const Payment payment,
                           calls_.Create(calls_.Draft(order.request_id(), order.order_ref(), kAmount)));
  Note(order.request_id(), payment.id);
  if (order.canceled()) {
    TRIVIUM_RETURN_IF_ERROR(calls_.Cancel(order.cancel_id(), payment, true).status());
    Note(order.cancel_id(), payment.id);
    return absl::OkStatus();
  }
  const int64_t paid = order.wrong_amount() ? kWrongAmount : kAmount;
  TRIVIUM_RETURN_IF_ERROR(calls_.Tell(payment, StoreCalls::Money(paid)).status());
  Note(order.order_ref() + "-paid", payment.id);
  return RefundAll(order, payment);
}

absl::Status Client::RefundAll(const CrashOrder& order, const Payment& payment) {
  for (int i = 0; i < order.refunds(); ++i) {
    TRIVIUM_ASSIGN_OR_RETURN(const Refund refund, calls_.CreateRefund(calls_.RefundDraft(order.refund_id(i), payment,
                                                                                         order.refund_minor())));
    Note(order.refund_id(i), refund.id);
    const bool fails = i == 1;
    TRIVIUM_RETURN_IF_ERROR(
        calls_.Tell(refund, fails ? RefundEvent::kPspDeclined : RefundEvent::kPspSucceeded).status());
    Note(order.refund_id(i) + "-end", refund.id);
  }
  return absl::OkStatus();
}

int Run(const std::string& socket, int answers, int threads) {
  Direct under_test({.unix_socket = socket, .user = "root", .schema = "payment"});
  StoreCalls calls(under_test, kCrashProduct);
  Client client(calls, answers);
  std::atomic<int64_t> next = 0;
  std::atomic<bool> failed = false;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (int64_t n; !failed && (n = next++) < kCrashOrders;) {
        const absl::Status status = client.Work({.n = n});
        if (status.ok()) continue;
        std::cerr << "order " << n << ": " << status << "\n";
        failed = true;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace trivium::payment

int main(int argc, char** argv) {
  int threads = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[3], &threads) || threads < 1) {
    std::cerr << "usage: crash_writer SOCKET ANSWERS_FILE THREADS\n";
    return 2;
  }
  const int answers = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return trivium::payment::Run(argv[1], answers, threads);
}
