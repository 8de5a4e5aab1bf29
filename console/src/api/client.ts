// The one client of ops: Connect over HTTP, session cookie, CSRF token on every call.
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

import { OpsService } from "../gen/trivium/ops/v1/ops_pb";

let csrfToken = "";

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

const withCsrf: Interceptor = (next) => (request) => {
  if (csrfToken) request.header.set("x-trivium-csrf", csrfToken);
  return next(request);
};

export const ops = createClient(
  OpsService,
  createConnectTransport({
    baseUrl: window.location.origin,
    defaultTimeoutMs: 10_000,
    interceptors: [withCsrf],
    fetch: (input, init) => fetch(input, { ...init, credentials: "same-origin", cache: "no-store" }),
  }),
);
