-- Payments, refunds, the ledger and their events. The product comes first in every key of a product's own rows. Ids are 16 bytes, ordered by time.
-- Amounts are in minor units. Times are UTC. Numbers of states and origins: services/payment/domain.

CREATE TABLE payment (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_id BINARY(16) NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARBINARY(64) NOT NULL,          -- Of the request that created it.
  order_ref VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  open_order_ref VARCHAR(64) COLLATE utf8mb4_bin NULL,  -- order_ref while this payment holds the order; else NULL.
  subject VARCHAR(120) COLLATE utf8mb4_bin NOT NULL,
  institution_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT NOT NULL,
  commission_minor BIGINT NOT NULL,
  refunded_minor BIGINT NOT NULL,
  commission_refunded_minor BIGINT NOT NULL,
  state TINYINT NOT NULL,
  state_reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pay_url VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  late TINYINT NOT NULL,
  create_time DATETIME(6) NOT NULL,
  update_time DATETIME(6) NOT NULL,
  expire_time DATETIME(6) NOT NULL,
  paid_time DATETIME(6) NULL,
  version BIGINT NOT NULL,
  due_time DATETIME(6) NULL,                   -- When a worker looks at it; NULL: never.
  checks INT NOT NULL,
  PRIMARY KEY (product, payment_id),
  UNIQUE KEY request (product, request_id),
  UNIQUE KEY order_open (product, open_order_ref),
  KEY by_order (product, order_ref, payment_id),
  KEY by_state (product, state, payment_id),
  KEY by_create_time (product, create_time),
  KEY by_paid_time (product, paid_time),
  KEY due (due_time),
  -- A bug must not be able to refund more than was paid.
  CONSTRAINT payment_amounts CHECK (amount_minor > 0 AND commission_minor BETWEEN 0 AND amount_minor
    AND refunded_minor BETWEEN 0 AND amount_minor AND commission_refunded_minor BETWEEN 0 AND commission_minor)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE attempt (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempt_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NOT NULL,
  psp VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  psp_trade_id VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
  state TINYINT NOT NULL,
  paid_minor BIGINT NOT NULL,
  paid_currency VARCHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, attempt_id),
  KEY by_payment (product, payment_id, attempt_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE refund (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refund_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NOT NULL,
  attempt_id BINARY(16) NOT NULL,
  psp VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARBINARY(64) NOT NULL,
  institution_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT NOT NULL,
  commission_minor BIGINT NOT NULL,
  reason VARCHAR(120) COLLATE utf8mb4_bin NOT NULL,
  state TINYINT NOT NULL,
  state_reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  origin TINYINT NOT NULL,
  from_suspense TINYINT NOT NULL,
  create_time DATETIME(6) NOT NULL,
  update_time DATETIME(6) NOT NULL,
  version BIGINT NOT NULL,
  due_time DATETIME(6) NULL,
  checks INT NOT NULL,
  PRIMARY KEY (product, refund_id),
  UNIQUE KEY request (product, request_id),
  KEY by_payment (product, payment_id, refund_id),
  KEY by_state (product, state, refund_id),
  KEY by_update (product, state, update_time),
  KEY due (due_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Balances: the fold of the entries. A row is locked by each transaction that touches the account, in the order of the key.
CREATE TABLE account (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  debits_minor BIGINT NOT NULL,
  credits_minor BIGINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (product, currency, account)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Append-only: corrections are further transactions.
CREATE TABLE ledger_transaction (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transaction_id BINARY(16) NOT NULL,
  posting TINYINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_id BINARY(16) NOT NULL,
  refund_id BINARY(16) NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, transaction_id),
  KEY by_payment (product, payment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE entry (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transaction_id BINARY(16) NOT NULL,
  account VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  debit_minor BIGINT NOT NULL,
  credit_minor BIGINT NOT NULL,
  PRIMARY KEY (product, transaction_id, account),
  CONSTRAINT entry_sides CHECK (debit_minor >= 0 AND credit_minor >= 0 AND (debit_minor = 0) <> (credit_minor = 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What keys were answered that made no row of their own: declines, and CancelPayment. Kept for ever, as payments are.
CREATE TABLE request (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  method TINYINT NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARBINARY(64) NOT NULL,
  code INT NOT NULL,                           -- google.rpc.Code; 0: OK.
  message VARCHAR(1024) COLLATE utf8mb4_bin NOT NULL,
  details VARBINARY(4096) NOT NULL,            -- google.rpc.Status with the details.
  payment_id BINARY(16) NULL,                  -- Of an OK answer.
  payment_version BIGINT NULL,                 -- The payment's version in that answer.
  payment_update_time DATETIME(6) NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, method, request_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Touched by every transaction that moves money or state: a writer whose epoch is not the row's cannot commit. n says nothing.
CREATE TABLE fence (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shard TINYINT NOT NULL,                      -- 0-63, by the payment's id: so that writers of one product do not queue up here.
  epoch BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (product, shard)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Callbacks of PSPs whose signature was right: each nonce counts once. Purged after 30 days.
CREATE TABLE psp_callback (
  psp VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  callback_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body VARBINARY(4096) NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (psp, callback_key),
  KEY by_time (create_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- libs/kafka/outbox.h.
CREATE TABLE outbox (
  outbox_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BINARY(16) NOT NULL UNIQUE,
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic VARCHAR(120) NOT NULL,
  message_key VARCHAR(64) NOT NULL,
  type VARCHAR(120) NOT NULL,
  subject VARCHAR(120) NOT NULL,
  traceparent VARCHAR(55) NOT NULL,
  event_time DATETIME(6) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  seq BIGINT NULL,                             -- Place in the product's order, dense from 1; NULL until the relay saw the row.
  sent_time DATETIME(6) NULL,                  -- When the broker had it.
  UNIQUE KEY product_seq (product, seq),
  KEY unsequenced (seq, outbox_id),
  KEY unsent (sent_time, outbox_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE outbox_seq (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  last_seq BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- libs/ha/lease.h.
CREATE TABLE lease (
  resource VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  holder VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch BIGINT NOT NULL,
  expire_time DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
