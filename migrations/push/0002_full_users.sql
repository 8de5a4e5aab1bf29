-- Users who were found to have too many deliveries pending: what is pending of them need not be counted for every message. A row goes when one of these deliveries
-- is pending no more; the purge counts them again from time to time, since whoever moved it may have died in between, or know nothing of this table.
CREATE TABLE full_user (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pending BIGINT NOT NULL,                     -- Deliveries, at least, when they were counted.
  count_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, user_id),
  KEY by_time (count_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
