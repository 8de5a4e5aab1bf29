-- What a PSP is silent about is claimed by workers of its own, so that its time-outs hold nobody else up, and no more of it than they have places for.
-- KEY due stays until nobody runs a binary that claims by it: without it each of these claims would read and lock its way through the whole table.
ALTER TABLE payment ADD COLUMN silent TINYINT NOT NULL DEFAULT 0, ADD KEY due_silent (silent, due_time);
ALTER TABLE refund ADD COLUMN silent TINYINT NOT NULL DEFAULT 0, ADD KEY due_silent (silent, due_time);
