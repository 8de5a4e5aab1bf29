#include "examples/school-day/product_day.h"

#include <algorithm>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/parallel.h"
#include "examples/school-day/patience.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

std::string TextOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return absl::StrCat(absl::StatusCodeToString(status.code()), reason.empty() ? "" : " ", reason, " (",
                      status.message(), ")");
}

bool PaysAgain(const OrderRecord& order) {
  return order.plan.scenario == Scenario::kPayLate || order.plan.scenario == Scenario::kDecline;
}

}  // namespace

ProductDay::ProductDay(DayPlan plan, const Options& options, ProductClient& client, Sandbox& sandbox,
                       Progress& progress)
    : run_id_(plan.run_id),
      product_(plan.product),
      options_(options),
      client_(client),
      sandbox_(sandbox),
      progress_(progress),
      fold_(plan.product, plan.run_id) {
  for (Order& order : plan.orders) orders_.push_back({std::move(order), {}, false, false});
  for (const OrderRecord& order : orders_) {
    if (PaysAgain(order)) paying_.insert(order.plan.order_ref);
  }
  record_.product = product_;
  record_.run_id = run_id_;
}

absl::Status ProductDay::Open() {
  TRIVIUM_ASSIGN_OR_RETURN(std::string cursor, client_.NewestCursor());
  const auto receive = [this](const EventView& event) {
    if (event.has_payment) {
      fold_.Apply(event.event_id, event.product, event.payment, event.time_ms);
    } else {
      fold_.Apply(event.event_id, event.product, event.refund);
    }
  };
  watcher_ = Follow<EventView>(client_, receive, std::move(cursor));
  bool known = false;
  const int64_t gap = CashGap(&known);
  MutexLock lock(mu_);
  record_.cash_known = known;
  record_.cash_gap_before = gap;
  return absl::OkStatus();
}

void ProductDay::OrderAndPay() {
  ParallelFor(orders_.size(), options_.concurrency, [&](size_t i) {
    OrderOne(orders_[i]);
    progress_.Step();
  });
}

void ProductDay::OrderOne(OrderRecord& order) {
  if (order.plan.scenario == Scenario::kSameRequestAtOnce) CreateAtOnce(order);
  CreatedPayment created;
  if (!Create(order, 0, &created)) return;
  const std::string what = absl::StrCat("order ", order.plan.order_ref);
  if (order.plan.scenario == Scenario::kSameRequestTwice) CreateAgain(order);
  if (order.plan.scenario == Scenario::kReusedRequest) {
    const auto reused = client_.CreatePayment(order.plan, RequestId(order.plan, "pay", 0), order.plan.amount_minor + 1);
    ExpectReason(reused.status(), "IDEMPOTENCY_KEY_REUSED", what + ", the same request_id with another amount");
  }
  if (order.plan.scenario == Scenario::kSecondOrder) {
    const auto second = client_.CreatePayment(order.plan, RequestId(order.plan, "second", 0), order.plan.amount_minor);
    ExpectReason(second.status(), "ORDER_HAS_PAYMENT", what + ", a second payment while the first is open");
  }
  PayFirst(order, created);
}

bool ProductDay::Create(OrderRecord& order, int n, CreatedPayment* created) {
  auto answer = client_.CreatePayment(order.plan, RequestId(order.plan, "pay", n), order.plan.amount_minor);
  if (!Check(answer.status(), absl::StrCat("CreatePayment of order ", order.plan.order_ref))) return false;
  *created = *std::move(answer);
  const std::string& id = created->payment.payment_id;
  if (created->payment.amount_minor != order.plan.amount_minor || created->payment.order_ref != order.plan.order_ref) {
    Complain(absl::StrCat("CreatePayment: ", id, " is not what order ", order.plan.order_ref, " asked for"));
  }
  if (std::find(order.payment_ids.begin(), order.payment_ids.end(), id) == order.payment_ids.end()) {
    order.payment_ids.push_back(id);
  }
  RememberUrl(id, created->pay_url);
  return true;
}

void ProductDay::CreateAgain(OrderRecord& order) {
  CreatedPayment again;
  if (Create(order, 0, &again) && order.payment_ids.size() != 1) {
    Complain(absl::StrCat("double charge: order ", order.plan.order_ref, ", the same request_id gave ",
                          order.payment_ids.size(), " payments"));
  }
}

void ProductDay::CreateAtOnce(OrderRecord& order) {
  std::vector<std::future<absl::StatusOr<CreatedPayment>>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [&] {
      return client_.CreatePayment(order.plan, RequestId(order.plan, "pay", 0), order.plan.amount_minor);
    }));
  }
  std::set<std::string> ids;
  for (auto& call : calls) {
    const auto answer = call.get();
    if (Check(answer.status(), absl::StrCat("CreatePayment at once of order ", order.plan.order_ref))) {
      ids.insert(answer->payment.payment_id);
    }
  }
  if (ids.size() > 1) {
    Complain(absl::StrCat("double charge: order ", order.plan.order_ref, ", the same request_id at once gave ",
                          ids.size(), " payments"));
  }
}

void ProductDay::PayFirst(OrderRecord& order, const CreatedPayment& created) {
  PayCall call{.pay_url = created.pay_url, .misbehaviour = order.plan.misbehaviour};
  switch (order.plan.scenario) {
    case Scenario::kNeverPay:
      return;
    case Scenario::kCancel:
      return CancelOne(order, created.payment.payment_id);
    case Scenario::kPayLate:
      // Opens the page and hesitates. After a break of the platform the time may be over already.
      sandbox_.Pay({.pay_url = created.pay_url, .outcome = "none"}).IgnoreError();
      return;
    case Scenario::kDecline:
      call.outcome = "decline";
      call.misbehaviour = {};
      break;
    case Scenario::kWrongAmount:
      call.paid_minor = order.plan.amount_minor % 2 == 0 ? order.plan.amount_minor / 2 : order.plan.amount_minor + 1;
      break;
    default:
      break;
  }
  const absl::Status paid = sandbox_.Pay(call);
  order.paid = Check(paid, absl::StrCat("paying order ", order.plan.order_ref)) && call.outcome == "success";
}

void ProductDay::CancelOne(OrderRecord& order, const std::string& payment_id) {
  const std::string what = absl::StrCat("CancelPayment of ", payment_id);
  for (int i = 0; i < 2; ++i) {  // The second is the first's repetition.
    const auto canceled = client_.CancelPayment(RequestId(order.plan, "cancel", 0), payment_id);
    if (!Check(canceled.status(), what)) return;
    if (canceled->state != "CANCELED") Complain(absl::StrCat(what, " answered ", canceled->state));
  }
  order.canceled = true;
  const auto refund = client_.CreateRefund({RequestId(order.plan, "refund", 0), payment_id, 1});
  ExpectReason(refund.status(), "PAYMENT_NOT_SUCCEEDED", absl::StrCat("refund of canceled ", payment_id));
}

void ProductDay::PayAgain() {
  std::vector<OrderRecord*> again;
  for (OrderRecord& order : orders_) {
    if (PaysAgain(order)) again.push_back(&order);
  }
  ParallelFor(again.size(), options_.concurrency, [&](size_t i) {
    if (!again[i]->payment_ids.empty()) PayAgainOne(*again[i]);
    if (!again[i]->paid) {
      MutexLock lock(mu_);
      paying_.erase(again[i]->plan.order_ref);
    }
    progress_.Step();
  });
}

bool ProductDay::IsPaying(const std::string& order_ref) const {
  {
    MutexLock lock(mu_);
    if (!paying_.contains(order_ref)) return false;
  }
  return fold_.TimesOf(order_ref).paid_ms == 0;
}

void ProductDay::PayAgainOne(OrderRecord& order) {
  const std::string first = order.payment_ids.front();
  const bool late = order.plan.scenario == Scenario::kPayLate;
  if (!WaitForState(first, late ? "EXPIRED" : "FAILED")) {
    return Complain(absl::StrCat("outcome: no event for ", absl::FormatDuration(options_.settle),
                                 ", and none told that ", first, late ? " expired" : " was declined"));
  }
  PayCall call{.pay_url = UrlOf(first), .force_late = late};
  if (!late) {
    CreatedPayment second;
    if (!Create(order, 1, &second)) return;
    call.pay_url = second.pay_url;
    call.misbehaviour = order.plan.misbehaviour;
  }
  order.paid =
      Check(sandbox_.Pay(call), absl::StrCat("paying order ", order.plan.order_ref, late ? " late" : " again"));
}

void ProductDay::Refund(RefundTime time) {
  std::vector<const OrderRecord*> refunds;
  for (const OrderRecord& order : orders_) {
    if (TimeOf(order.plan.refund) == time && order.paid) refunds.push_back(&order);
  }
  ParallelFor(refunds.size(), options_.concurrency, [&](size_t i) {
    RefundOne(*refunds[i]);
    progress_.Step();
  });
}

void ProductDay::RefundOne(const OrderRecord& order) {
  const std::string& id = order.payment_ids.back();
  if (!WaitForState(id, "SUCCEEDED")) {
    return Complain(absl::StrCat("lost payment: no event for ", absl::FormatDuration(options_.settle),
                                 ", and none told that ", id, " succeeded, although it was paid"));
  }
  const int64_t amount = order.plan.amount_minor;
  const RefundPlan plan = order.plan.refund;
  const bool at_once = plan == RefundPlan::kFull || plan == RefundPlan::kBeforeClass;
  const int64_t first = at_once ? amount : amount / 3;
  RefundTwice({RequestId(order.plan, "refund", 0), id, first});
  if (plan == RefundPlan::kInTwoParts) RefundTwice({RequestId(order.plan, "refund", 1), id, amount - first});
  if (plan == RefundPlan::kPartOnly) return;
  const auto over = client_.CreateRefund({RequestId(order.plan, "refund", 2), id, 1});
  ExpectReason(over.status(), "REFUND_EXCEEDS_PAYMENT", absl::StrCat("a refund of more than ", id));
}

void ProductDay::RefundTwice(const RefundCall& call) {
  const std::string what = absl::StrCat("CreateRefund of ", call.payment_id);
  const auto first = client_.CreateRefund(call);
  if (!Check(first.status(), what)) return;
  const auto again = client_.CreateRefund(call);
  if (Check(again.status(), what + ", repeated") && again->refund_id != first->refund_id) {
    Complain(absl::StrCat("double refund: request ", call.request_id, " gave ", first->refund_id, " and ",
                          again->refund_id));
  }
}

void ProductDay::ProbeIsolation(const std::string& foreign_payment_id, const std::string& foreign_product) {
  const auto seen = client_.GetPayment(foreign_payment_id);
  ExpectReason(seen.status(), "PAYMENT_NOT_FOUND",
               absl::StrCat("isolation: GetPayment of ", foreign_product, "'s payment"));
  const auto refund = client_.CreateRefund({absl::StrCat(run_id_, ":probe:", product_), foreign_payment_id, 1});
  ExpectReason(refund.status(), "PAYMENT_NOT_FOUND",
               absl::StrCat("isolation: CreateRefund of ", foreign_product, "'s payment"));
}

size_t ProductDay::pay_again_count() const { return std::count_if(orders_.begin(), orders_.end(), PaysAgain); }

size_t ProductDay::refund_count(RefundTime time) const {
  return std::count_if(orders_.begin(), orders_.end(),
                       [&](const OrderRecord& order) { return TimeOf(order.plan.refund) == time; });
}

std::string ProductDay::SomePaymentId() const {
  for (const OrderRecord& order : orders_) {
    if (!order.payment_ids.empty()) return order.payment_ids.front();
  }
  return "";
}

bool ProductDay::WaitForState(const std::string& payment_id, const std::string& state) {
  Patience patience(options_.settle);
  PaymentView payment;
  while (true) {
    if (fold_.Find(payment_id, &payment) && payment.state == state) return true;
    if (patience.IsOver(fold_.events())) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void ProductDay::ExpectReason(const absl::Status& status, const std::string& reason, const std::string& what) {
  if (ReasonOf(status) == reason) return;
  Complain(absl::StrCat(what, " answered ", status.ok() ? "OK" : TextOf(status), ", want ", reason));
}

bool ProductDay::Check(const absl::Status& status, const std::string& what) {
  if (!status.ok()) Complain(absl::StrCat(what, " failed: ", TextOf(status)));
  return status.ok();
}

void ProductDay::Complain(const std::string& sentence) {
  MutexLock lock(mu_);
  record_.complaints.push_back(sentence);
}

void ProductDay::RememberUrl(const std::string& payment_id, const std::string& url) {
  MutexLock lock(mu_);
  if (!url.empty()) urls_[payment_id] = url;
}

std::string ProductDay::UrlOf(const std::string& payment_id) const {
  MutexLock lock(mu_);
  const auto found = urls_.find(payment_id);
  return found == urls_.end() ? "" : found->second;
}

}  // namespace trivium::schoolday
