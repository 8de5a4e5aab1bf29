-- For ListRoomEvents and for ListStays of a user: lists that a person reads, newest first.

ALTER TABLE outbox ADD KEY by_room (product, message_key, seq);
ALTER TABLE stay ADD KEY by_user (product, user_id, join_id);
