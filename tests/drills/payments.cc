#include "tests/drills/payments.h"

#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/load/load_flags.h"

namespace trivium::drills {
namespace {

constexpr int kThreads = 8;

}  // namespace

absl::StatusOr<std::unique_ptr<Payments>> Payments::Create(const DrillFlags& flags, const std::string& run_id,
                                                           CallLog& log) {
  load::LoadFlags load;
  load.home = flags.home;
  load.product = flags.product;
  load.institutions = 10;
  TRIVIUM_RETURN_IF_ERROR(load::FillIn(load));
  TRIVIUM_ASSIGN_OR_RETURN(std::unique_ptr<load::PaymentApi> api, load::PaymentApi::Create(load, run_id));
  return std::unique_ptr<Payments>(new Payments(log, std::move(api), flags.payments));
}

void Payments::Start() {
  workers_.Start(kThreads, per_second_, [this](int64_t n) {
    const absl::Time begin = absl::Now();
    const absl::StatusOr<load::Created> created = api_->CreatePayment(n);
    log_.Add("payment.create", begin, created.status());
    if (!created.ok()) return;
    MutexLock lock(mu_);
    acknowledged_[n] = {created->payment_id, absl::Now()};
  });
}

std::map<int64_t, Acknowledged> Payments::acknowledged() const {
  MutexLock lock(mu_);
  return acknowledged_;
}

absl::StatusOr<std::string> Payments::Repeat(int64_t n) {
  TRIVIUM_ASSIGN_OR_RETURN(const load::Created created, api_->CreatePayment(n));
  return created.payment_id;
}

}  // namespace trivium::drills
