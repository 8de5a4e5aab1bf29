// All SQL of payment. Keys and indexes: migrations/payment. Locks are taken in one order everywhere: fence, payment,
// refund, request, accounts by key.
#pragma once

namespace trivium::payment::sql {

// Columns in the order in which rows.cc reads and writes them.
#define TRIVIUM_PAYMENT_COLUMNS                                                                                       \
  "payment_id, request_id, fingerprint, order_ref, open_order_ref, subject, institution_id, currency, amount_minor, " \
  "commission_minor, refunded_minor, commission_refunded_minor, state, state_reason, pay_url, late, create_time, "    \
  "update_time, expire_time, paid_time, version, due_time, checks, silent, product"
#define TRIVIUM_ATTEMPT_COLUMNS \
  "a.attempt_id, a.psp, a.psp_trade_id, a.state, a.paid_minor, a.paid_currency, a.create_time"
#define TRIVIUM_REFUND_COLUMNS                                                                                \
  "refund_id, payment_id, attempt_id, psp, request_id, fingerprint, institution_id, currency, amount_minor, " \
  "commission_minor, reason, state, state_reason, origin, from_suspense, create_time, update_time, version, " \
  "due_time, checks, silent, product"
// A payment's row with each of its attempts: `found` selects the payments.
#define TRIVIUM_WITH_ATTEMPTS(found)                                                                           \
  "SELECT p.*, " TRIVIUM_ATTEMPT_COLUMNS " FROM (SELECT " TRIVIUM_PAYMENT_COLUMNS " FROM payment WHERE " found \
  ") p JOIN attempt a ON a.product = p.product AND a.payment_id = p.payment_id "                               \
  "ORDER BY p.payment_id DESC, a.attempt_id"

// Fence: PRIMARY (product, shard).
inline constexpr char kTouchFence[] = "UPDATE fence SET n = n + 1 WHERE product = ? AND shard = ? AND epoch = ?";
inline constexpr char kMakeFence[] = "INSERT IGNORE INTO fence (product, shard, epoch, n) VALUES ??*";
inline constexpr char kRaiseFence[] = "UPDATE fence SET epoch = ? WHERE product = ? AND epoch < ?";
inline constexpr char kReadFence[] = "SELECT COUNT(*), MIN(epoch) FROM fence WHERE product = ?";

// Payments: PRIMARY (product, payment_id).
inline constexpr char kInsertPayment[] = "INSERT INTO payment (" TRIVIUM_PAYMENT_COLUMNS ") VALUES ??*";
inline constexpr char kUpdatePayment[] =
    "UPDATE payment SET open_order_ref = ?, refunded_minor = ?, commission_refunded_minor = ?, state = ?, "
    "state_reason = ?, late = ?, update_time = ?, paid_time = ?, version = ?, due_time = ?, checks = ?, silent = ? "
    "WHERE product = ? AND payment_id = ? AND version = ?";
inline constexpr char kLockPayment[] =
    "SELECT " TRIVIUM_PAYMENT_COLUMNS " FROM payment WHERE product = ? AND payment_id = ? FOR UPDATE";
inline constexpr char kGetPayment[] = TRIVIUM_WITH_ATTEMPTS("product = ? AND payment_id = ?");
// UNIQUE request (product, request_id).
inline constexpr char kGetPaymentOfRequest[] = TRIVIUM_WITH_ATTEMPTS("product = ? AND request_id = ?");
inline constexpr char kLockPaymentOfRequest[] =
    "SELECT payment_id FROM payment WHERE product = ? AND request_id = ? FOR UPDATE";
// UNIQUE order_open (product, open_order_ref).
inline constexpr char kHolderOfOrder[] = "SELECT payment_id FROM payment WHERE product = ? AND open_order_ref = ?";
// Newest first: PRIMARY; by_order (product, order_ref, payment_id); by_state (product, state, payment_id).
inline constexpr char kListPayments[] =
    TRIVIUM_WITH_ATTEMPTS("product = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?");
inline constexpr char kListPaymentsOfOrder[] =
    TRIVIUM_WITH_ATTEMPTS("product = ? AND order_ref = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?");
inline constexpr char kListPaymentsInState[] =
    TRIVIUM_WITH_ATTEMPTS("product = ? AND state = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?");
inline constexpr char kListPaymentsOfOrderInState[] = TRIVIUM_WITH_ATTEMPTS(
    "product = ? AND order_ref = ? AND state = ? AND payment_id < ? ORDER BY payment_id DESC LIMIT ?");
// KEY due_silent (silent, due_time).
inline constexpr char kLockDuePayments[] =
    "SELECT product, payment_id FROM payment FORCE INDEX (due_silent) WHERE silent = ? AND due_time <= ? "
    "ORDER BY due_time LIMIT ? FOR UPDATE SKIP LOCKED";
inline constexpr char kClaimPayment[] = "UPDATE payment SET due_time = ? WHERE product = ? AND payment_id = ?";
inline constexpr char kReschedulePayment[] =
    "UPDATE payment SET due_time = ?, checks = ?, silent = ? WHERE product = ? AND payment_id = ? AND version = ?";

// Attempts: PRIMARY (product, attempt_id); by_payment (product, payment_id, attempt_id).
inline constexpr char kInsertAttempt[] =
    "INSERT INTO attempt (product, attempt_id, payment_id, psp, psp_trade_id, state, paid_minor, paid_currency, "
    "create_time) VALUES ??*";
inline constexpr char kUpdateAttempt[] =
    "UPDATE attempt SET psp_trade_id = ?, state = ?, paid_minor = ?, paid_currency = ? "
    "WHERE product = ? AND attempt_id = ?";
inline constexpr char kAttemptsOfPayment[] =
    "SELECT " TRIVIUM_ATTEMPT_COLUMNS " FROM attempt a WHERE a.product = ? AND a.payment_id = ? ORDER BY a.attempt_id";
inline constexpr char kPaymentOfAttempt[] = TRIVIUM_WITH_ATTEMPTS(
    "product = ? AND payment_id = (SELECT payment_id FROM attempt WHERE product = ? AND attempt_id = ?)");

// Refunds: PRIMARY (product, refund_id).
inline constexpr char kInsertRefund[] = "INSERT INTO refund (" TRIVIUM_REFUND_COLUMNS ") VALUES ??*";
inline constexpr char kUpdateRefund[] =
    "UPDATE refund SET state = ?, state_reason = ?, update_time = ?, version = ?, due_time = ?, checks = ?, silent = ? "
    "WHERE product = ? AND refund_id = ? AND version = ?";
inline constexpr char kGetRefund[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS " FROM refund WHERE product = ? AND refund_id = ?";
inline constexpr char kLockRefund[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS " FROM refund WHERE product = ? AND refund_id = ? FOR UPDATE";
// UNIQUE request (product, request_id).
inline constexpr char kGetRefundOfRequest[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS " FROM refund WHERE product = ? AND request_id = ?";
inline constexpr char kLockRefundOfRequest[] =
    "SELECT refund_id FROM refund WHERE product = ? AND request_id = ? FOR UPDATE";
// Newest first: PRIMARY; by_payment (product, payment_id, refund_id); by_state (product, state, refund_id).
inline constexpr char kListRefunds[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS " FROM refund WHERE product = ? AND refund_id < ? ORDER BY refund_id DESC LIMIT ?";
inline constexpr char kListRefundsOfPayment[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS
    " FROM refund WHERE product = ? AND payment_id = ? AND refund_id < ? ORDER BY refund_id DESC LIMIT ?";
inline constexpr char kListRefundsInState[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS
    " FROM refund WHERE product = ? AND state = ? AND refund_id < ? ORDER BY refund_id DESC LIMIT ?";
inline constexpr char kListRefundsOfPaymentInState[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS
    " FROM refund WHERE product = ? AND payment_id = ? AND state = ? AND refund_id < ? ORDER BY refund_id DESC LIMIT ?";
// KEY due_silent (silent, due_time).
inline constexpr char kLockDueRefunds[] =
    "SELECT " TRIVIUM_REFUND_COLUMNS
    " FROM refund FORCE INDEX (due_silent) WHERE silent = ? AND due_time <= ? ORDER BY due_time LIMIT ? "
    "FOR UPDATE SKIP LOCKED";
inline constexpr char kClaimRefund[] = "UPDATE refund SET due_time = ? WHERE product = ? AND refund_id = ?";
inline constexpr char kRescheduleRefund[] =
    "UPDATE refund SET due_time = ?, checks = ?, silent = ? WHERE product = ? AND refund_id = ? AND version = ?";

// Answers to keys: PRIMARY (product, method, request_id).
inline constexpr char kInsertRequest[] =
    "INSERT INTO request (product, method, request_id, fingerprint, code, message, details, payment_id, "
    "payment_version, payment_update_time, create_time) VALUES ??*";
inline constexpr char kGetRequest[] =
    "SELECT fingerprint, code, message, details, payment_id, payment_version, payment_update_time FROM request "
    "WHERE product = ? AND method = ? AND request_id = ?";
inline constexpr char kLockRequest[] =
    "SELECT fingerprint, code, message, details, payment_id, payment_version, payment_update_time FROM request "
    "WHERE product = ? AND method = ? AND request_id = ? FOR UPDATE";

// Ledger: PRIMARY (product, transaction_id), (product, transaction_id, account), (product, currency, account).
inline constexpr char kInsertLedgerTransaction[] =
    "INSERT INTO ledger_transaction (product, transaction_id, posting, currency, payment_id, refund_id, create_time) "
    "VALUES ??*";
inline constexpr char kInsertEntry[] =
    "INSERT INTO entry (product, transaction_id, account, currency, debit_minor, credit_minor) VALUES ??*";
inline constexpr char kAddToAccounts[] =
    "INSERT INTO account (product, currency, account, debits_minor, credits_minor, version) VALUES ??* "
    "ON DUPLICATE KEY UPDATE debits_minor = debits_minor + VALUES(debits_minor), "
    "credits_minor = credits_minor + VALUES(credits_minor), version = version + 1";

// A business day, in one snapshot: by_create_time, by_paid_time (product, ...); refund.by_update (product, state,
// update_time).
inline constexpr char kSnapshotIsolation[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
inline constexpr char kStartSnapshot[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
inline constexpr char kEndSnapshot[] = "COMMIT";
inline constexpr char kDayCreated[] =
    "SELECT currency, state, COUNT(*) FROM payment WHERE product = ? AND create_time >= ? AND create_time < ? "
    "GROUP BY currency, state";
inline constexpr char kDayPaid[] =
    "SELECT currency, COUNT(*), CAST(SUM(amount_minor) AS SIGNED), CAST(SUM(commission_minor) AS SIGNED) FROM payment "
    "WHERE product = ? AND paid_time >= ? AND paid_time < ? AND state = ? GROUP BY currency";
inline constexpr char kDayRefunded[] =
    "SELECT currency, COUNT(*), CAST(SUM(amount_minor) AS SIGNED) FROM refund "
    "WHERE product = ? AND state = ? AND update_time >= ? AND update_time < ? GROUP BY currency";
inline constexpr char kRefundsOpen[] =
    "SELECT currency, COUNT(*), CAST(SUM(amount_minor) AS SIGNED) FROM refund WHERE product = ? AND state IN (?, ?) "
    "GROUP BY currency";
inline constexpr char kSumEntries[] =
    "SELECT currency, account, CAST(SUM(debit_minor) AS SIGNED), CAST(SUM(credit_minor) AS SIGNED) FROM entry "
    "WHERE product = ? GROUP BY currency, account";
inline constexpr char kAccounts[] =
    "SELECT currency, account, debits_minor, credits_minor FROM account WHERE product = ?";

// Gauges: KEY due_silent, by the times that open objects alone have.
inline constexpr char kCountUnknownPayments[] =
    "SELECT product, COUNT(*), MIN(update_time) FROM payment FORCE INDEX (due_silent) WHERE silent IN (0, 1) "
    "AND due_time IS NOT NULL AND state = ? GROUP BY product";
inline constexpr char kCountOpenRefunds[] =
    "SELECT product, COUNT(*), CAST(SUM(state = ?) AS SIGNED), MIN(IF(state = ?, update_time, NULL)) FROM refund "
    "FORCE INDEX (due_silent) WHERE silent IN (0, 1) AND due_time IS NOT NULL GROUP BY product";

// Callbacks: PRIMARY (psp, callback_key); by_time (create_time).
inline constexpr char kInsertCallback[] =
    "INSERT IGNORE INTO psp_callback (psp, callback_key, outcome, body, create_time) VALUES ??*";
inline constexpr char kPurgeCallbacks[] = "DELETE FROM psp_callback WHERE create_time < ? ORDER BY create_time LIMIT ?";

}  // namespace trivium::payment::sql
