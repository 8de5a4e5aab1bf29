-- Changes of membership that could not be stored, so that they hold the others up no longer. For people to look at; nothing reads it.
CREATE TABLE set_aside_change (
  cell VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sequence BIGINT NOT NULL,
  what VARBINARY(1024) NOT NULL,               -- The change, in words.
  why VARBINARY(1024) NOT NULL,                -- What the database said.
  change_time DATETIME(6) NOT NULL,
  PRIMARY KEY (cell, sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Cells that rooms have left while they were open: their places are given back there once nobody is in any more.
CREATE TABLE left_cell (
  cell VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  room_id BINARY(16) NOT NULL,
  PRIMARY KEY (cell, product, room_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
