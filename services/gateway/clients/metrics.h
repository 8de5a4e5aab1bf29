// Metrics of the clients, each declared once. No label ever names a user, a room or a message.
#pragma once

#include "libs/telemetry/metrics.h"

namespace trivium::gateway {

inline constexpr Metric kClients{"trivium_gateway_clients", "Clients that have connected with a token.", {"product"}};
inline constexpr Metric kConnects{"trivium_gateway_connects_total",
                                  "Connect commands, by outcome: OK, or why not (a token's reason, ORIGIN_DENIED, "
                                  "CONNECTION_LIMIT, USER_CONNECTION_LIMIT, BUSY, or a code). Product none: not known.",
                                  {"product", "outcome"}};
inline constexpr Metric kSubscriptions{
    "trivium_gateway_subscriptions", "Subscriptions of clients, by kind: room, user, product.", {"product", "kind"}};
inline constexpr Metric kChannels{"trivium_gateway_channels", "Channels that this gateway listens to."};
inline constexpr Metric kPublications{
    "trivium_gateway_publications_total", "Publications that came for clients here.", {"product", "class"}};
inline constexpr Metric kMalformedPublications{"trivium_gateway_malformed_publications_total",
                                               "Payloads in Redis that are no message of push, left out."};
inline constexpr Metric kDeliveries{
    "trivium_gateway_deliveries_total", "Publications handed to clients' sockets.", {"product", "class"}};
inline constexpr Metric kDeliverySeconds{
    "trivium_gateway_delivery_seconds",
    "Time from a message's acceptance by push to the write to a client's socket. Of each publication one client in 64 "
    "is measured, at least one a reactor.",
    {"product", "class"}};
inline constexpr Metric kRecoveries{"trivium_gateway_recoveries_total",
                                    "Joins, by outcome: fresh (the client had no position), recovered, lost.",
                                    {"product", "outcome"}};
inline constexpr Metric kJoinsServed{
    "trivium_gateway_joins_served_total",
    "Joins, by what answered them: memory, or redis (they waited for a reading of the history).",
    {"source"}};
inline constexpr Metric kHistoryReads{
    "trivium_gateway_history_reads_total",
    "Channels' histories read from Redis, by why: first, older, lost, gap, check, client (it asked).",
    {"why"}};
inline constexpr Metric kAcknowledgements{"trivium_gateway_acknowledgements_total",
                                          "RELIABLE messages acknowledged by clients, by the code of push's answer.",
                                          {"product", "code"}};
inline constexpr Metric kRepeatsSent{
    "trivium_gateway_repeats_sent_total", "Unacknowledged messages sent again after a join.", {"product"}};
inline constexpr Metric kPushCalls{
    "trivium_gateway_push_calls_total", "Calls of push's DeliveryService, by code.", {"product", "method", "code"}};
inline constexpr Metric kWorkRefused{"trivium_gateway_work_refused_total",
                                     "Work that found its queue full, by what: token, room, acknowledge, pending, "
                                     "restore, report, history, presence, counts.",
                                     {"work"}};
inline constexpr Metric kDisconnects{"trivium_gateway_disconnects_total",
                                     "Clients that went, by close code (other: one of the client's own).",
                                     {"product", "code"}};
inline constexpr Metric kReady{"trivium_gateway_clients_ready",
                               "1 while Redis takes writes and its messages come, else 0."};

}  // namespace trivium::gateway
