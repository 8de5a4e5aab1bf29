-- control's tables. Identifiers are compared byte by byte (utf8mb4_bin); times are UTC.

-- Numbers that grow with every change; a change locks the row 'change', so changes run one after another.
CREATE TABLE counter (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL,
  update_time DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO counter (name, value, update_time) VALUES
  ('change', 0, '1970-01-01 00:00:00'), ('config_revision', 0, '1970-01-01 00:00:00'), ('plan_epoch', 0, '1970-01-01 00:00:00');

-- Every version of every config item, for ever: history and rollback need them.
CREATE TABLE config_version (
  kind VARCHAR(64) NOT NULL,
  name VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  type_url VARCHAR(200) NOT NULL,
  value MEDIUMBLOB NOT NULL,
  percentage INT NOT NULL,
  previous_value MEDIUMBLOB NOT NULL,
  actor VARCHAR(200) NOT NULL,
  reason VARCHAR(200) NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (kind, name, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Which version is the newest.
CREATE TABLE config_item (
  kind VARCHAR(64) NOT NULL,
  name VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  PRIMARY KEY (kind, name),
  UNIQUE KEY by_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The route plan: a row for each cell of a route.
CREATE TABLE route_cell (
  product VARCHAR(64) NOT NULL,
  service VARCHAR(64) NOT NULL,
  position INT NOT NULL,
  cell VARCHAR(64) NOT NULL,
  drained BOOLEAN NOT NULL,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (product, service, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who changed what, and why; for ever.
CREATE TABLE audit (
  audit_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  audit_time DATETIME(6) NOT NULL,
  actor VARCHAR(200) NOT NULL,
  caller VARCHAR(200) NOT NULL,
  action VARCHAR(64) NOT NULL,
  object VARCHAR(200) NOT NULL,
  product VARCHAR(64) NOT NULL,
  reason VARCHAR(200) NOT NULL,
  before_json MEDIUMTEXT NOT NULL,
  after_json MEDIUMTEXT NOT NULL,
  trace_id VARCHAR(32) NOT NULL,
  KEY by_object (object, audit_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Answers that were given, declines included: a repeat of a request gets the same. Purged after config.request_retention.
CREATE TABLE change_request (
  caller VARCHAR(200) NOT NULL,
  request_id VARCHAR(64) NOT NULL,
  method VARCHAR(64) NOT NULL,
  request MEDIUMBLOB NOT NULL,
  code INT NOT NULL,
  message TEXT NOT NULL,
  details MEDIUMBLOB NOT NULL,
  response MEDIUMBLOB NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (caller, request_id),
  KEY by_time (create_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Registered instances. owner: the control replica that holds the instance's stream. Purged 30 days after lost_time.
CREATE TABLE instance (
  instance_id VARCHAR(64) NOT NULL PRIMARY KEY,
  service VARCHAR(64) NOT NULL,
  cell VARCHAR(64) NOT NULL,
  address VARCHAR(64) NOT NULL,
  version VARCHAR(64) NOT NULL,
  ready BOOLEAN NOT NULL,
  start_time DATETIME(6) NOT NULL,
  alive BOOLEAN NOT NULL,
  kept BOOLEAN NOT NULL,
  was_ready BOOLEAN NOT NULL,
  last_heartbeat DATETIME(6) NOT NULL,
  lost_time DATETIME(6) NULL,
  owner VARCHAR(64) NOT NULL,
  KEY by_lost_time (lost_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Events on their way to Kafka (libs/kafka/outbox.h).
CREATE TABLE outbox (
  outbox_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id BINARY(16) NOT NULL UNIQUE,
  product VARCHAR(64) NOT NULL,
  topic VARCHAR(120) NOT NULL,
  message_key VARCHAR(64) NOT NULL,
  type VARCHAR(120) NOT NULL,
  subject VARCHAR(120) NOT NULL,
  traceparent VARCHAR(55) NOT NULL,
  event_time DATETIME(6) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  seq BIGINT NULL,
  sent_time DATETIME(6) NULL,
  UNIQUE KEY product_seq (product, seq),
  KEY unsequenced (seq, outbox_id),
  KEY unsent (sent_time, outbox_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Last sequence number given out for each product's events.
CREATE TABLE outbox_seq (
  product VARCHAR(64) NOT NULL PRIMARY KEY,
  last_seq BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Leases with epochs (libs/mysql/lease_store.h).
CREATE TABLE lease (
  resource VARCHAR(64) NOT NULL PRIMARY KEY,
  holder VARCHAR(64) NOT NULL,
  epoch BIGINT NOT NULL,
  expire_time DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
