-- What was made before @until (UTC), a line a kind: its name, how many, and a checksum over what does not change any more. services/*/README.md and
-- migrations/ say what the tables hold. What is recorded late, or thrown away, is left out: LOSSY and ORDERED messages, deliveries, instances.
SELECT 'payments', COUNT(*), CONCAT(IFNULL(SUM(amount_minor), 0), ' ', BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(payment_id), request_id, order_ref, currency, amount_minor))))
  FROM payment.payment WHERE create_time < @until;
SELECT 'refunds', COUNT(*), CONCAT(IFNULL(SUM(amount_minor), 0), ' ', BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(refund_id), HEX(payment_id), currency, amount_minor))))
  FROM payment.refund WHERE create_time < @until;
SELECT 'ledger entries', COUNT(*), CONCAT(IFNULL(SUM(debit_minor), 0), ' ', IFNULL(SUM(credit_minor), 0), ' ',
    BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(transaction_id), account, e.currency, debit_minor, credit_minor))))
  FROM payment.entry e JOIN payment.ledger_transaction t USING (product, transaction_id) WHERE t.create_time < @until;
SELECT 'payment events', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', HEX(event_id), product, type, subject, HEX(payload)))) FROM payment.outbox WHERE event_time < @until;
-- 3: RELIABLE.
SELECT 'RELIABLE messages', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(message_id), channel, IF(schedule_time IS NULL, sequence, 0), HEX(data)))) FROM push.message
  WHERE class = 3 AND create_time < @until;
SELECT 'push users', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', product, user_id))) FROM push.user WHERE create_time < @until;
SELECT 'live rooms', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(room_id), HEX(room_ref), type, institution_id))) FROM live.room WHERE create_time < @until;
SELECT 'live stays', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', product, HEX(room_id), HEX(join_id), user_id, role))) FROM live.stay WHERE joined_time < @until;
SELECT 'config versions', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', kind, name, version, HEX(value)))) FROM control.config_version WHERE create_time < @until;
SELECT 'audit entries', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', audit_id, actor, action, object, reason))) FROM control.audit WHERE audit_time < @until;
