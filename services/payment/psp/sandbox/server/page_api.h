// The payer's pages: GET and POST /pay. See ../README.md section 1.
#pragma once

#include "libs/http/server.h"
#include "services/payment/psp/sandbox/server/pay_order.h"
#include "services/payment/psp/sandbox/server/sandbox.h"

namespace trivium::payment::sandbox {

// sandbox: not owned; outlives the server.
void AddPages(http::Server& server, Sandbox& sandbox, const PayOrderRules& rules);

}  // namespace trivium::payment::sandbox
