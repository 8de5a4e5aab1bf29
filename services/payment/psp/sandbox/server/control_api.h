// The control API for tests and the school day: acts as payers, sets faults, tells the PSP's own truth. See
// ../README.md section 4.
#pragma once

#include "libs/http/server.h"
#include "services/payment/psp/sandbox/server/pay_order.h"
#include "services/payment/psp/sandbox/server/sandbox.h"

namespace trivium::payment::sandbox {

// sandbox: not owned; outlives the server.
void AddControlApi(http::Server& server, Sandbox& sandbox, const PayOrderRules& rules);

}  // namespace trivium::payment::sandbox
