// The reading half of PaymentService.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/event_feed/serve_events.h"
#include "libs/opaque_token/page_token.h"
#include "libs/rpc/call_context.h"
#include "libs/status/status.h"
#include "libs/text/day.h"
#include "services/payment/payment_service.h"
#include "services/payment/store/event_of.h"
#include "services/payment/validate.h"

namespace trivium::payment {
namespace {

using rpc::CallContext;

constexpr int kMaxPage = 1000;

int PageSize(int32_t asked, int usual) { return asked == 0 ? usual : std::min<int>(asked, kMaxPage); }

void Fill(const std::string& code, const CurrencyDay& day, v1::CurrencySummary* out) {
  out->set_currency_code(code);
  out->set_payments_created(day.payments_created);
  for (const auto& [state, count] : day.payments_by_state)
    (*out->mutable_payments_by_state())[std::string(StateName(state))] = count;
  out->set_paid_count(day.paid_count);
  out->set_paid_minor(day.paid_minor);
  out->set_refunded_count(day.refunded_count);
  out->set_refunded_minor(day.refunded_minor);
  out->set_refunds_open_count(day.refunds_open_count);
  out->set_refunds_open_minor(day.refunds_open_minor);
  out->set_commission_minor(day.commission_minor);
  out->set_ledger_debits_minor(day.ledger_debits_minor);
  out->set_ledger_credits_minor(day.ledger_credits_minor);
  out->set_balances_match_entries(day.balances_match_entries);
  for (const char* account : {kPlatformCash, kCommission, kInstitutionPayable, kRefundsPayable, kSuspense}) {
    v1::AccountBalance* balance = out->add_accounts();
    balance->set_account(account);
    const auto it = day.accounts.find(account);
    if (it == day.accounts.end()) continue;
    balance->set_debits_minor(it->second.debits_minor);
    balance->set_credits_minor(it->second.credits_minor);
  }
}

}  // namespace

absl::Status PaymentService::Get(const CallContext& call, const v1::GetPaymentRequest& request, v1::Payment* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(
      const Payment payment,
      p_.store.GetPayment(call.product, *ParseId(kPaymentIdKind, request.payment_id()), call.deadline));
  ToProto(payment, response);
  return absl::OkStatus();
}

absl::Status PaymentService::Get(const CallContext& call, const v1::GetRefundRequest& request, v1::Refund* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(
      const Refund refund,
      p_.store.GetRefund(call.product, *ParseId(kRefundIdKind, request.refund_id()), call.deadline));
  ToProto(refund, response);
  return absl::OkStatus();
}

absl::Status PaymentService::List(const CallContext& call, const v1::ListPaymentsRequest& request,
                                  v1::ListPaymentsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"payments", call.product, request.order_ref(),
                                                       absl::StrCat(request.state())};
  PaymentFilter filter{.order_ref = request.order_ref(), .limit = PageSize(request.page_size(), 50) + 1};
  if (request.state() != 0) filter.state = static_cast<PaymentState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.before, ParsePageToken(bound_to, request.page_token()));
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Payment> page, p_.store.ListPayments(call.product, filter, call.deadline));
  // One more than asked for was read: it says whether there is a next page.
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().id));
  }
  for (const Payment& payment : page) ToProto(payment, response->add_payments());
  return absl::OkStatus();
}

absl::Status PaymentService::List(const CallContext& call, const v1::ListRefundsRequest& request,
                                  v1::ListRefundsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"refunds", call.product, request.payment_id(),
                                                       absl::StrCat(request.state())};
  RefundFilter filter{.limit = PageSize(request.page_size(), 50) + 1};
  if (!request.payment_id().empty()) filter.payment_id = *ParseId(kPaymentIdKind, request.payment_id());
  if (request.state() != 0) filter.state = static_cast<RefundState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.before, ParsePageToken(bound_to, request.page_token()));
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Refund> page, p_.store.ListRefunds(call.product, filter, call.deadline));
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().id));
  }
  for (const Refund& refund : page) ToProto(refund, response->add_refunds());
  return absl::OkStatus();
}

absl::Status PaymentService::Summarize(const CallContext& call, const v1::GetDailySummaryRequest& request,
                                       v1::DailySummary* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::shared_ptr<const Profile> profile = p_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  const absl::Time now = Now();
  const absl::CivilDay day = request.day().empty() ? absl::ToCivilDay(now, profile->zone) : *ParseDay(request.day());
  const DayBounds bounds = BoundsOf(day, profile->zone);
  TRIVIUM_ASSIGN_OR_RETURN(Day summary, p_.store.SummarizeDay(call.product, bounds.start, bounds.end, call.deadline));
  for (const std::string& code : profile->currencies) summary.try_emplace(code);
  response->set_day(FormatDay(day));
  response->set_time_zone(profile->time_zone);
  for (const auto& [code, currency] : summary) Fill(code, currency, response->add_currencies());
  SetTime(now, response->mutable_as_of_time());
  return absl::OkStatus();
}

absl::Status PaymentService::List(const CallContext& call, const v1::ListEventsRequest& request,
                                  v1::ListEventsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  return ListEventsAfter(p_.store, call.product, request, call.deadline, response);
}

}  // namespace trivium::payment
