#include "services/payment/domain/ledger.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"

namespace trivium::payment {
namespace {

// floor(a * b / c) for a, b >= 0, c > 0 and b <= c.
int64_t MulDiv(int64_t a, int64_t b, int64_t c) { return static_cast<int64_t>(absl::int128(a) * b / c); }

Entry Debit(std::string account, int64_t minor) { return {std::move(account), minor, 0}; }
Entry Credit(std::string account, int64_t minor) { return {std::move(account), 0, minor}; }

// Leaves empty entries out and sorts the others.
LedgerTransaction Make(Posting posting, const std::string& product, const std::string& currency, absl::Time now,
                       std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& e) { return e.debit_minor == 0 && e.credit_minor == 0; });
  std::ranges::sort(entries, {}, &Entry::account);
  LedgerTransaction transaction;
  transaction.posting = posting;
  transaction.product = product;
  transaction.currency = currency;
  transaction.time = now;
  transaction.entries = std::move(entries);
  return transaction;
}

LedgerTransaction OfRefund(Posting posting, const Refund& refund, absl::Time now, std::vector<Entry> entries) {
  LedgerTransaction transaction = Make(posting, refund.product, refund.currency, now, std::move(entries));
  transaction.payment_id = refund.payment_id;
  transaction.refund_id = refund.id;
  return transaction;
}

}  // namespace

std::string InstitutionAccount(const std::string& institution_id) {
  return absl::StrCat(kInstitutionPayable, ":", institution_id);
}

std::string AccountKind(const std::string& account) { return account.substr(0, account.find(':')); }

int64_t Commission(int64_t amount_minor, int64_t bps) { return MulDiv(amount_minor, bps, 10000); }

int64_t RefundCommission(const Payment& payment, int64_t refund_minor) {
  const int64_t commission_left = payment.commission_minor - payment.commission_refunded_minor;
  const int64_t payee_left = payment.amount_minor - payment.refunded_minor - commission_left;
  const int64_t wanted = MulDiv(payment.commission_minor, payment.refunded_minor + refund_minor, payment.amount_minor) -
                         payment.commission_refunded_minor;
  return std::clamp(wanted, std::max<int64_t>(0, refund_minor - payee_left), std::min(refund_minor, commission_left));
}

LedgerTransaction Paid(const Payment& payment, absl::Time now) {
  LedgerTransaction transaction =
      Make(Posting::kPaid, payment.product, payment.currency, now,
           {Debit(kPlatformCash, payment.amount_minor), Credit(kCommission, payment.commission_minor),
            Credit(InstitutionAccount(payment.institution_id), payment.amount_minor - payment.commission_minor)});
  transaction.payment_id = payment.id;
  return transaction;
}

LedgerTransaction MismatchTaken(const Payment& payment, int64_t taken_minor, const std::string& taken_currency,
                                absl::Time now) {
  LedgerTransaction transaction = Make(Posting::kMismatchTaken, payment.product, taken_currency, now,
                                       {Debit(kPlatformCash, taken_minor), Credit(kSuspense, taken_minor)});
  transaction.payment_id = payment.id;
  return transaction;
}

LedgerTransaction RefundReserved(const Refund& refund, absl::Time now) {
  if (refund.from_suspense) {
    return OfRefund(Posting::kRefundReserved, refund, now,
                    {Debit(kSuspense, refund.amount_minor), Credit(kRefundsPayable, refund.amount_minor)});
  }
  return OfRefund(Posting::kRefundReserved, refund, now,
                  {Debit(InstitutionAccount(refund.institution_id), refund.amount_minor - refund.commission_minor),
                   Debit(kCommission, refund.commission_minor), Credit(kRefundsPayable, refund.amount_minor)});
}

LedgerTransaction RefundSucceeded(const Refund& refund, absl::Time now) {
  return OfRefund(Posting::kRefundSucceeded, refund, now,
                  {Debit(kRefundsPayable, refund.amount_minor), Credit(kPlatformCash, refund.amount_minor)});
}

LedgerTransaction RefundFailed(const Refund& refund, absl::Time now) {
  LedgerTransaction reversal = RefundReserved(refund, now);
  reversal.posting = Posting::kRefundFailed;
  for (Entry& entry : reversal.entries) std::swap(entry.debit_minor, entry.credit_minor);
  return reversal;
}

}  // namespace trivium::payment
