-- Rooms, stays, days and events. The product comes first in every key of a product's own rows. Ids are 16 bytes, ordered by time. Times are UTC. Numbers of
-- states, roles, rungs and reasons: services/live/domain, services/live/admission/place.h.

CREATE TABLE room (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  room_id BINARY(16) NOT NULL,
  room_ref VARBINARY(256) NOT NULL,
  held_ref VARBINARY(256) NULL,                -- room_ref while no other room may have it; else NULL.
  type TINYINT NOT NULL,
  title VARCHAR(120) COLLATE utf8mb4_bin NOT NULL,
  institution_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  start_time DATETIME(6) NOT NULL,
  end_time DATETIME(6) NOT NULL,
  auto_start TINYINT NOT NULL,
  auto_end TINYINT NOT NULL,
  seats INT NOT NULL,
  stage_size INT NOT NULL,
  staff_slots INT NOT NULL,
  rtc BIGINT NOT NULL,                         -- Capacity by rung; of LARGE rooms.
  fast BIGINT NOT NULL,
  standard BIGINT NOT NULL,
  queue_size BIGINT NOT NULL,
  close_delay_ms BIGINT NOT NULL,
  state TINYINT NOT NULL,
  reason TINYINT NOT NULL,
  cell VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,      -- Whose Redis has it; '' before LIVE.
  node VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  live_time DATETIME(6) NULL,
  ended_time DATETIME(6) NULL,
  close_time DATETIME(6) NULL,
  create_time DATETIME(6) NOT NULL,
  update_time DATETIME(6) NOT NULL,
  version BIGINT NOT NULL,
  due_time DATETIME(6) NULL,                   -- When its timetable wants something; NULL: never.
  PRIMARY KEY (product, room_id),
  UNIQUE KEY held_ref (product, held_ref),
  KEY by_ref (product, room_ref, room_id),
  KEY by_state (product, state, room_id),
  KEY by_institution (product, institution_id, room_id),
  KEY due (due_time),
  KEY by_cell (cell, state, room_id),
  KEY kept (state, update_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Participants' stays: attendance. Written from the admission's stream of changes, each change once (drain_mark).
CREATE TABLE stay (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  room_id BINARY(16) NOT NULL,
  join_id BINARY(16) NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state TINYINT NOT NULL,
  reason TINYINT NOT NULL,
  leave_time DATETIME(6) NULL,
  sequence BIGINT NOT NULL,
  cell VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch BIGINT NOT NULL,
  role TINYINT NOT NULL,
  rung TINYINT NOT NULL,
  seat INT NOT NULL,
  slice TINYINT NOT NULL,
  muted TINYINT NOT NULL,                      -- 1: audio, 2: video.
  why TINYINT NOT NULL,
  full_rtc TINYINT NULL,                       -- Level that had no place; NULL: not passed over.
  full_fast TINYINT NULL,
  full_standard TINYINT NULL,
  placed BIGINT NOT NULL,
  ticket BIGINT NOT NULL,
  joined_time DATETIME(6) NOT NULL,
  placed_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, room_id, join_id),
  KEY open_of_cell (cell, state, sequence),
  KEY kept (state, leave_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Users who may not come back, for when Redis is lost.
CREATE TABLE ban (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  room_id BINARY(16) NOT NULL,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  until_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, room_id, user_id),
  KEY by_time (until_time)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- How far a cell's stream of changes has been stored. Locked by each batch: the same changes never count twice.
CREATE TABLE drain_mark (
  cell VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  sequence BIGINT NOT NULL,
  lost_before BIGINT NOT NULL                  -- Stays of generations before this one have been ended.
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- How far a product's events have been sent to its rooms.
CREATE TABLE announce_mark (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A product's days, kept for ever. services/live/domain/stay.h: DayCounts.
CREATE TABLE day_count (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day DATE NOT NULL,
  what VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  label VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (product, day, what, label)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What keys were answered. Purged after 7 days.
CREATE TABLE request (
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  method TINYINT NOT NULL,
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint VARBINARY(128) NOT NULL,
  code INT NOT NULL,                           -- google.rpc.Code; 0: OK.
  message VARCHAR(1024) COLLATE utf8mb4_bin NOT NULL,
  details VARBINARY(4096) NOT NULL,            -- google.rpc.Status with the details.
  room_id BINARY(16) NOT NULL,
  create_time DATETIME(6) NOT NULL,
  PRIMARY KEY (product, method, request_id),
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
