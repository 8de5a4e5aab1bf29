// The table itself. A new method needs a row here: method_policy_test walks every service of every proto.
#include "libs/rpc/method_policy.h"

namespace trivium::rpc {
namespace {

using enum Scope;
using enum Speaks;

// Rows by who may call, so that a reader checks a group at a glance.
constexpr MethodPolicy kPolicies[] = {
    // Payment: money moves for the product's own backend only. The certificate says the product, or a gateway that has
    // checked the backend's token; what a user's token may call is the command table's to say.
    {"trivium.payment.v1.PaymentService/CreatePayment", kProduct, true, "gateway", false},
    {"trivium.payment.v1.PaymentService/CancelPayment", kProduct, true, "gateway", false},
    {"trivium.payment.v1.PaymentService/CreateRefund", kProduct, true, "gateway", false},
    {"trivium.payment.v1.PaymentService/WatchEvents", kProduct, true, "", false},
    // ops reads on a product's behalf, for its boards; perhaps for a signed-in person.
    {"trivium.payment.v1.PaymentService/GetPayment", kProduct, true, "ops gateway", false, kMay},
    {"trivium.payment.v1.PaymentService/ListPayments", kProduct, true, "ops gateway", false, kMay},
    {"trivium.payment.v1.PaymentService/GetRefund", kProduct, true, "ops gateway", false, kMay},
    {"trivium.payment.v1.PaymentService/ListRefunds", kProduct, true, "ops gateway", false, kMay},
    {"trivium.payment.v1.PaymentService/GetDailySummary", kProduct, true, "ops gateway", false, kMay},
    {"trivium.payment.v1.PaymentService/ListEvents", kProduct, true, "ops gateway", false, kMay},

    // Push: products send, to their own users; through a gateway as well.
    {"trivium.push.v1.PushService/Publish", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/PublishBatch", kProduct, true, "gateway live", false},
    {"trivium.push.v1.PushService/CancelMessage", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/AddRoomMembers", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/RemoveRoomMembers", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/ListRoomMembers", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/UpdateUserTags", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/GetUser", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/DisconnectUser", kProduct, true, "gateway", false},
    {"trivium.push.v1.PushService/WatchEvents", kProduct, true, "", false},
    // ops reads on a product's behalf, for its boards; perhaps for a signed-in person.
    {"trivium.push.v1.PushService/GetMessage", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/ListMessages", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/GetDelivery", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/ListRecipients", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/ListUserMessages", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/GetDailySummary", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/GetPresence", kProduct, true, "ops gateway", false, kMay},
    {"trivium.push.v1.PushService/ListEvents", kProduct, true, "ops gateway", false, kMay},
    // Gateways, for users whose tokens they have checked.
    {"trivium.push.v1.DeliveryService/Acknowledge", kProduct, false, "gateway", false},
    {"trivium.push.v1.DeliveryService/ListPending", kProduct, false, "gateway", false},
    {"trivium.push.v1.DeliveryService/ReportDeliveries", kProduct, false, "gateway", false},
    {"trivium.push.v1.DeliveryService/CheckRooms", kProduct, false, "gateway", false},
    {"trivium.push.v1.DeliveryService/RestoreChannel", kProduct, false, "gateway", false},

    // Live: products and, through a gateway, their users, whose own rights the service checks (x-trivium-user).
    {"trivium.live.v1.LiveService/CreateRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/UpdateRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/StartRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/EndRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/JoinRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/LeaveRoom", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/Heartbeat", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/MoveParticipant", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/MuteParticipant", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/RemoveParticipant", kProduct, true, "gateway", false},
    {"trivium.live.v1.LiveService/WatchEvents", kProduct, true, "", false},
    // ops reads on a product's behalf, for its boards; perhaps for a signed-in person.
    {"trivium.live.v1.LiveService/GetRoom", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/ListRooms", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/ListParticipants", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/ListStays", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/GetDailySummary", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/ListEvents", kProduct, true, "ops gateway", false, kMay},
    {"trivium.live.v1.LiveService/ListRoomEvents", kProduct, true, "ops gateway", false, kMay},

    // Control, reading: every service follows config and routes.
    {"trivium.control.v1.ConfigService/GetConfig", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.ConfigService/ListConfigs", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.ConfigService/ListConfigVersions", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.ConfigService/WatchConfigs", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.RoutePlanService/GetRoutePlan", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.RoutePlanService/WatchRoutePlan", kPlatform, false, "*", true, kMay},
    {"trivium.control.v1.RegistryService/ListInstances", kPlatform, false, "*", true, kMay},
    // Who did what is for those who answer for the platform.
    {"trivium.control.v1.RoutePlanService/ListAuditEntries", kPlatform, false, "ops", true, kMay},
    // Control, changing: an operator, or ops in the name of a person, who stands in the audit.
    {"trivium.control.v1.ConfigService/PublishConfig", kPlatform, false, "ops", true, kMust},
    {"trivium.control.v1.ConfigService/RollbackConfig", kPlatform, false, "ops", true, kMust},
    {"trivium.control.v1.RoutePlanService/SetRoute", kPlatform, false, "ops", true, kMust},
    {"trivium.control.v1.RoutePlanService/DeleteRoute", kPlatform, false, "ops", true, kMust},
    // Only services are registered; control checks that the instance's service is the caller.
    {"trivium.control.v1.RegistryService/Register", kPlatform, false, "*", false},

    // Ops over gRPC: operators. Browsers speak Connect, where the session says what a person may do.
    {"trivium.ops.v1.OpsService/SignIn", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/SignOut", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetSession", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListBoards", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/QueryPanel", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetProductDay", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListActivities", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetPlatform", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/SetRoute", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListAudit", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetMessagesDay", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListMessages", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetMessage", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListRecipients", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetUserConnections", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListUserMessages", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetRoomsDay", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListRooms", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetRoom", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListParticipants", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListRoomStays", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListRoomEvents", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListUserStays", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListCommands", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/GetCommand", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/ListCommandVersions", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/PublishCommand", kPlatform, false, "", true},
    {"trivium.ops.v1.OpsService/RollBackCommand", kPlatform, false, "", true},

    // Open to anybody: they change nothing and carry no secret. ADS bootstraps of stock clients know no certificates.
    {"grpc.health.v1.Health/Check", kPlatform, true, "*", true, kNever, true},
    {"grpc.health.v1.Health/Watch", kPlatform, true, "*", true, kNever, true},
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kPlatform, true, "*", true, kNever, true},
    {"envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources", kPlatform, true, "*", true,
     kNever, true},
};

}  // namespace

std::span<const MethodPolicy> MethodPolicies() { return kPolicies; }

}  // namespace trivium::rpc
