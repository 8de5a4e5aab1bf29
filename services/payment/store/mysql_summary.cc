// A business day from one consistent snapshot of the database.
#include "libs/status/status.h"
#include "services/payment/store/mysql_store.h"
#include "services/payment/store/rows.h"
#include "services/payment/store/statements.h"

namespace trivium::payment {
namespace {

using mysql::Connection;
using mysql::Rows;

absl::Status AddPayments(Connection& db, const std::string& product, absl::Time start, absl::Time end, Day* day) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows created, db.Query(sql::kDayCreated, {product, start, end}));
  for (const mysql::Row& row : created) {
    CurrencyDay& currency = (*day)[row.Text(0)];
    currency.payments_created += row.Int(2);
    currency.payments_by_state[static_cast<PaymentState>(row.Int(1))] = row.Int(2);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Rows paid,
                           db.Query(sql::kDayPaid, {product, start, end, ToValue(PaymentState::kSucceeded)}));
  for (const mysql::Row& row : paid) {
    CurrencyDay& currency = (*day)[row.Text(0)];
    currency.paid_count = row.Int(1);
    currency.paid_minor = row.Int(2);
    currency.commission_minor = row.Int(3);
  }
  return absl::OkStatus();
}

absl::Status AddRefunds(Connection& db, const std::string& product, absl::Time start, absl::Time end, Day* day) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows refunded,
                           db.Query(sql::kDayRefunded, {product, ToValue(RefundState::kSucceeded), start, end}));
  for (const mysql::Row& row : refunded) {
    (*day)[row.Text(0)].refunded_count = row.Int(1);
    (*day)[row.Text(0)].refunded_minor = row.Int(2);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Rows open, db.Query(sql::kRefundsOpen, {product, ToValue(RefundState::kProcessing),
                                                                         ToValue(RefundState::kUnknown)}));
  for (const mysql::Row& row : open) {
    (*day)[row.Text(0)].refunds_open_count = row.Int(1);
    (*day)[row.Text(0)].refunds_open_minor = row.Int(2);
  }
  return absl::OkStatus();
}

absl::Status AddLedger(Connection& db, const std::string& product, Day* day) {
  std::map<std::pair<std::string, std::string>, AccountSum> folded;
  TRIVIUM_ASSIGN_OR_RETURN(const Rows entries, db.Query(sql::kSumEntries, {product}));
  for (const mysql::Row& row : entries) {
    folded[{row.Text(0), row.Text(1)}] = {row.Int(2), row.Int(3)};
    (*day)[row.Text(0)].ledger_debits_minor += row.Int(2);
    (*day)[row.Text(0)].ledger_credits_minor += row.Int(3);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Rows accounts, db.Query(sql::kAccounts, {product}));
  for (const mysql::Row& row : accounts) {
    CurrencyDay& currency = (*day)[row.Text(0)];
    const auto entry = folded.extract({row.Text(0), row.Text(1)});
    const AccountSum sum = entry.empty() ? AccountSum() : entry.mapped();
    if (sum.debits_minor != row.Int(2) || sum.credits_minor != row.Int(3)) currency.balances_match_entries = false;
    AccountSum& kind = currency.accounts[AccountKind(row.Text(1))];
    kind.debits_minor += row.Int(2);
    kind.credits_minor += row.Int(3);
  }
  // Entries of an account that has no row.
  for (const auto& [key, sum] : folded) (*day)[key.first].balances_match_entries = false;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Day> MysqlStore::SummarizeDay(const std::string& product, absl::Time start, absl::Time end,
                                             absl::Time deadline) {
  Day day;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("summarize_day", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kSnapshotIsolation).status());
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kStartSnapshot).status());
    absl::Status status = AddPayments(db, product, start, end, &day);
    if (status.ok()) status = AddRefunds(db, product, start, end, &day);
    if (status.ok()) status = AddLedger(db, product, &day);
    const absl::Status ended = db.Execute(sql::kEndSnapshot).status();
    return status.ok() ? ended : status;
  }));
  return day;
}

}  // namespace trivium::payment
