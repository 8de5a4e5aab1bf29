// Double entry 复式记账: each movement of money is a transaction whose debits equal its credits.
//
//   account                        debit                          credit
//   platform_cash                  the PSP took money             the PSP gave money back
//   commission                     share of a refund              share of a payment
//   institution_payable:<payee>    share of a refund              share of a payment
//   refunds_payable                a refund has reached the user  a refund was reserved
//   suspense                       its refund was reserved        money that nobody has earned: a wrong amount
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/payment/domain/payment.h"

namespace trivium::payment {

inline constexpr char kPlatformCash[] = "platform_cash";
inline constexpr char kCommission[] = "commission";
inline constexpr char kInstitutionPayable[] = "institution_payable";
inline constexpr char kRefundsPayable[] = "refunds_payable";
inline constexpr char kSuspense[] = "suspense";

// "institution_payable:<institution>".
std::string InstitutionAccount(const std::string& institution_id);
// The kind of an account: its name up to ":".
std::string AccountKind(const std::string& account);

struct Entry {
  std::string account;
  int64_t debit_minor = 0;  // One of the two is positive, the other 0.
  int64_t credit_minor = 0;

  bool operator==(const Entry&) const = default;
};

enum class Posting {
  kPaid = 1,
  kMismatchTaken = 2,
  kRefundReserved = 3,
  kRefundSucceeded = 4,
  kRefundFailed = 5,
};

// Entries are sorted by account, one an account: writers lock accounts in this order.
struct LedgerTransaction {
  Posting posting = Posting::kPaid;
  std::string product;
  std::string currency;
  Id payment_id;
  Id refund_id;  // Zero where no refund is meant.
  absl::Time time = absl::InfinitePast();
  std::vector<Entry> entries;
};

// floor(amount * bps / 10000), exact for every int64 amount >= 0 and 0 <= bps <= 10000.
int64_t Commission(int64_t amount_minor, int64_t bps);

// The commission's part of one more refund. Parts of refunds follow the refunded sum (floor(commission * refunded /
// amount)), within what commission and payee still have: so, whatever the split and whichever refunds failed in
// between, refunding everything gives back exactly everything. Needs 1 <= refund <= amount - refunded.
int64_t RefundCommission(const Payment& payment, int64_t refund_minor);

LedgerTransaction Paid(const Payment& payment, absl::Time now);
// taken: what the PSP took instead of the payment's amount.
LedgerTransaction MismatchTaken(const Payment& payment, int64_t taken_minor, const std::string& taken_currency,
                                absl::Time now);
LedgerTransaction RefundReserved(const Refund& refund, absl::Time now);
LedgerTransaction RefundSucceeded(const Refund& refund, absl::Time now);
// The reverse of the reservation.
LedgerTransaction RefundFailed(const Refund& refund, absl::Time now);

}  // namespace trivium::payment
