-- What a PSP is silent about is claimed by workers of its own, so that its time-outs hold nobody else up, and no more of it than they have places for.
ALTER TABLE payment ADD COLUMN silent TINYINT NOT NULL DEFAULT 0, DROP KEY due, ADD KEY due (silent, due_time);
ALTER TABLE refund ADD COLUMN silent TINYINT NOT NULL DEFAULT 0, DROP KEY due, ADD KEY due (silent, due_time);
