// Metrics of the pool and its transactions.
#pragma once

#include "libs/telemetry/metrics.h"

namespace trivium::mysql {

inline constexpr Metric kTransactions{"trivium_mysql_transactions_total",
                                      "Transactions and uses of a connection that ended, by name and code.",
                                      {"name", "code"}};
inline constexpr Metric kTransactionSeconds{
    "trivium_mysql_transaction_seconds", "Duration of a transaction with its retries, in seconds.", {"name"}};
inline constexpr Metric kRetries{
    "trivium_mysql_transaction_retries_total", "Transactions run again after a deadlock or lock time-out.", {"name"}};
inline constexpr Metric kPoolInUse{"trivium_mysql_pool_in_use", "Connections that are borrowed now.", {"schema"}};
inline constexpr Metric kPoolOpen{"trivium_mysql_pool_open", "Connections that are open now.", {"schema"}};
inline constexpr Metric kPoolWaitSeconds{
    "trivium_mysql_pool_wait_seconds", "Wait for a free connection, in seconds.", {"schema"}};

}  // namespace trivium::mysql
