-- What must not be in the money ledger, a line each; nothing when it adds up.
SELECT 'debits are not credits', product, currency, SUM(debit_minor), SUM(credit_minor) FROM payment.entry
  GROUP BY product, currency HAVING SUM(debit_minor) <> SUM(credit_minor);
SELECT 'a transaction is one-sided', product, HEX(transaction_id) FROM payment.entry
  GROUP BY product, transaction_id HAVING SUM(debit_minor) <> SUM(credit_minor) LIMIT 5;
SELECT 'an account is not the sum of its entries', a.product, a.currency, a.account, a.debits_minor, a.credits_minor, e.debits, e.credits
  FROM payment.account a LEFT JOIN (SELECT product, currency, account, SUM(debit_minor) debits, SUM(credit_minor) credits FROM payment.entry
    GROUP BY product, currency, account) e USING (product, currency, account)
  WHERE a.debits_minor <> IFNULL(e.debits, 0) OR a.credits_minor <> IFNULL(e.credits, 0) LIMIT 5;
SELECT 'entries without a transaction', COUNT(*) FROM payment.entry e LEFT JOIN payment.ledger_transaction t USING (product, transaction_id)
  WHERE t.transaction_id IS NULL HAVING COUNT(*) > 0;
