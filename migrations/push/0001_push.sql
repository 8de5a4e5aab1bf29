-- Messages, the delivery ledger, users with tags, rooms and events. The product comes first in every key of a product's own rows. Ids are 16 bytes,
-- ordered by time. Times are UTC. Numbers of states, classes and reasons: services/push/domain.
-- Rows of delivery and message are locked by their primary keys only, upwards: services/push/store/statements.h.

CREATE TABLE message (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_id BINARY(16) NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,  -- NULL: recorded after it was sent (LOSSY, ORDERED).
  fingerprint VARBINARY(128) NOT NULL,         -- Of the request that made it.
  target_kind TINYINT NOT NULL,
  target_value VARBINARY(4096) NOT NULL,
  class TINYINT NOT NULL,                      -- 0: counts came before the message was recorded; no reader sees it.
  channel VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sequence BIGINT NOT NULL,
  data MEDIUMBLOB NOT NULL,
  dedupe_key VARBINARY(256) NOT NULL,
  collapse_key VARBINARY(256) NOT NULL,
  open_collapse_key VARBINARY(256) NULL,       -- collapse_key while deliveries are pending; else NULL.
  priority TINYINT NOT NULL,
  state TINYINT NOT NULL,
  create_time DATETIME(6) NOT NULL,
  update_time DATETIME(6) NOT NULL,
  schedule_time DATETIME(6) NULL,
  expire_time DATETIME(6) NOT NULL,
  due_expire_time DATETIME(6) NULL,            -- expire_time while deliveries are pending; else NULL.
  vendor_after_ms BIGINT NOT NULL,
  ack_timeout_ms BIGINT NOT NULL,
  day DATE NULL,                               -- Business day on which it was accepted; NULL while it is scheduled.
  trace_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  accepted BIGINT NOT NULL,
  acked BIGINT NOT NULL,
  vendor BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  dropped_collapsed BIGINT NOT NULL,
  dropped_canceled BIGINT NOT NULL,
  dropped_slow_reader BIGINT NOT NULL,
  dropped_not_a_member BIGINT NOT NULL,
  dropped_too_many_pending BIGINT NOT NULL,
  has_deliveries TINYINT NULL,                 -- 1 while its delivery rows are kept; else NULL.
  version BIGINT NOT NULL,
  PRIMARY KEY (product, message_id),
  UNIQUE KEY request (product, request_id),
  KEY by_channel (product, channel, message_id),
  KEY by_state (product, state, message_id),
  KEY by_sequence (product, channel, sequence),
  KEY unsent (state, product, channel, sequence, message_id),
  KEY due_schedule (state, schedule_time),
  KEY due_expire (due_expire_time),
  KEY collapse (product, channel, open_collapse_key),
  KEY kept (has_deliveries, create_time),
  -- A bug must not be able to lose a delivery, nor to count one twice.
  CONSTRAINT message_adds_up CHECK (accepted = acked + vendor + expired + pending + dropped_collapsed + dropped_canceled
    + dropped_slow_reader + dropped_not_a_member + dropped_too_many_pending),
  CONSTRAINT message_counts CHECK (acked >= 0 AND vendor >= 0 AND expired >= 0 AND pending >= 0 AND dropped_collapsed >= 0
    AND dropped_canceled >= 0 AND dropped_slow_reader >= 0 AND dropped_not_a_member >= 0 AND dropped_too_many_pending >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One user's part of a RELIABLE message.
CREATE TABLE delivery (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message_id BINARY(16) NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state TINYINT NOT NULL,
  reason TINYINT NOT NULL,
  attempts INT NOT NULL,
  update_time DATETIME(6) NOT NULL,
  next_attempt_time DATETIME(6) NULL,          -- When it is repeated; NULL: not pending.
  vendor_time DATETIME(6) NULL,                -- When it goes to a vendor; NULL: never, or not pending.
  PRIMARY KEY (product, message_id, user_id),
  KEY by_user (product, user_id, message_id),
  KEY pending (product, user_id, state, channel, message_id),
  KEY due_repeat (next_attempt_time),
  KEY due_vendor (vendor_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Last place given out in a channel's order of RELIABLE messages. Locked while a message is accepted.
CREATE TABLE channel (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  last_sequence BIGINT NOT NULL,
  PRIMARY KEY (product, channel)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A product's days: the sums of its messages' ledgers, kept for ever.
CREATE TABLE message_day (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day DATE NOT NULL,
  class TINYINT NOT NULL,
  shard TINYINT NOT NULL,                      -- 0-15, by the message's id: so that writers of one product do not queue up here.
  messages BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  acked BIGINT NOT NULL,
  vendor BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  dropped_collapsed BIGINT NOT NULL,
  dropped_canceled BIGINT NOT NULL,
  dropped_slow_reader BIGINT NOT NULL,
  dropped_not_a_member BIGINT NOT NULL,
  dropped_too_many_pending BIGINT NOT NULL,
  PRIMARY KEY (product, day, class, shard),
  CONSTRAINT day_adds_up CHECK (accepted = acked + vendor + expired + pending + dropped_collapsed + dropped_canceled
    + dropped_slow_reader + dropped_not_a_member + dropped_too_many_pending)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The message that answers a dedupe key until expire_time.
CREATE TABLE dedupe (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dedupe_key VARBINARY(256) NOT NULL,
  message_id BINARY(16) NOT NULL,
  expire_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, dedupe_key),
  KEY by_time (expire_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What keys were answered that made no row of their own. Purged after 7 days.
CREATE TABLE request (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  method TINYINT NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARBINARY(128) NOT NULL,
  code INT NOT NULL,                           -- google.rpc.Code; 0: OK.
  message VARCHAR(1024) COLLATE utf8mb4_bin NOT NULL,
  details VARBINARY(4096) NOT NULL,            -- google.rpc.Status with the details.
  message_id BINARY(16) NULL,                  -- Of an OK answer that is a message.
  number BIGINT NOT NULL,                      -- Of an OK answer that is a number.
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, method, request_id),
  KEY by_time (create_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Reports of gateways that were counted. Purged after a day.
CREATE TABLE gateway_report (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  gateway VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number BIGINT NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, gateway, number),
  KEY by_time (create_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Users whom push has heard of.
CREATE TABLE user (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Values are bytes: a collation would hold "a" and "a " for equal.
CREATE TABLE user_tag (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tag_key VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tag_value VARBINARY(256) NOT NULL,
  PRIMARY KEY (product, user_id, tag_key),
  KEY by_key (product, tag_key, user_id),
  KEY by_value (product, tag_key, tag_value, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE room_member (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  room_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, room_id, user_id)
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
