// The tables that libs/kafka needs in a service's schema, for its tests: see outbox.h and consumer.h.
#pragma once

namespace trivium::kafka {

inline constexpr char kTestTables[] =
    "CREATE TABLE outbox ("
    " outbox_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, event_id BINARY(16) NOT NULL UNIQUE,"
    " product VARCHAR(64) NOT NULL, topic VARCHAR(120) NOT NULL, message_key VARCHAR(64) NOT NULL,"
    " type VARCHAR(120) NOT NULL, subject VARCHAR(120) NOT NULL, traceparent VARCHAR(55) NOT NULL,"
    " event_time DATETIME(6) NOT NULL, payload MEDIUMBLOB NOT NULL, seq BIGINT NULL, sent_time DATETIME(6) NULL,"
    " UNIQUE KEY product_seq (product, seq), KEY unsequenced (seq, outbox_id), KEY unsent (sent_time, outbox_id));\n"
    "CREATE TABLE outbox_seq (product VARCHAR(64) NOT NULL PRIMARY KEY, last_seq BIGINT NOT NULL);\n"
    "CREATE TABLE lease (resource VARCHAR(64) NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL,"
    " epoch BIGINT NOT NULL, expire_time DATETIME(6) NOT NULL);\n"
    "CREATE TABLE consumed_event (consumer VARCHAR(64) NOT NULL, event_id BINARY(16) NOT NULL,"
    " consume_time DATETIME(6) NOT NULL, PRIMARY KEY (consumer, event_id), KEY by_time (consume_time));\n";

}  // namespace trivium::kafka
