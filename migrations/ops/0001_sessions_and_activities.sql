-- A signed-in person's session. The token itself is in the person's cookie only: whoever reads this table cannot use it.
CREATE TABLE session (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,   -- SHA-256 of the token.
  user_name VARCHAR(64) NOT NULL,
  credential BINARY(32) NOT NULL,               -- SHA-256 of the password's hash at sign-in: a new password ends old sessions.
  create_time DATETIME(6) NOT NULL,
  expire_time DATETIME(6) NOT NULL,
  KEY by_expiry (expire_time)                   -- For the purge.
) ENGINE=InnoDB;

-- What happened to payments and refunds, for the boards; from trivium.payment.events.v1. Kept for days, not an archive.
CREATE TABLE activity (
  product VARCHAR(64) NOT NULL,
  event_id BINARY(16) NOT NULL,
  event_time DATETIME(6) NOT NULL,
  kind VARCHAR(16) NOT NULL,                    -- payment, refund.
  subject_id VARCHAR(40) NOT NULL,
  order_ref VARCHAR(64) NOT NULL,               -- Empty for refunds.
  state VARCHAR(24) NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency_code CHAR(3) NOT NULL,
  PRIMARY KEY (product, event_id),
  KEY newest (product, event_time, event_id),   -- For ListActivities.
  KEY by_time (event_time)                      -- For the purge.
) ENGINE=InnoDB;

-- Events that were consumed (libs/kafka/consumer.h).
CREATE TABLE consumed_event (
  consumer VARCHAR(64) NOT NULL,
  event_id BINARY(16) NOT NULL,
  consume_time DATETIME(6) NOT NULL,
  PRIMARY KEY (consumer, event_id),
  KEY by_time (consume_time)
) ENGINE=InnoDB;
