// Rows of the database as payments and refunds, and back. Column orders: statements.h.
#pragma once

#include "absl/status/statusor.h"
#include "libs/mysql/mysql.h"
#include "services/payment/store/store.h"

namespace trivium::payment {

mysql::Value ToValue(const Id& id);
// NULL for InfinitePast and InfiniteFuture.
mysql::Value ToValue(absl::Time time);
mysql::Value ToValue(PaymentState state);
mysql::Value ToValue(RefundState state);

mysql::Values RowOf(const Payment& payment);
mysql::Values RowOf(const Payment& payment, const Attempt& attempt);
mysql::Values RowOf(const Refund& refund);

Id IdAt(const mysql::Row& row, size_t column);
Payment PaymentOf(const mysql::Row& row);                       // Without attempts.
Attempt AttemptOf(const mysql::Row& row, size_t first_column);  // Its columns from there on.
Refund RefundOf(const mysql::Row& row);
// Payments with their attempts, from rows of TRIVIUM_WITH_ATTEMPTS.
std::vector<Payment> PaymentsOf(const mysql::Rows& rows);

}  // namespace trivium::payment
