// An error of ops as a page wants it: the reason to choose words by, and what to show beside them.
import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RequestInfoSchema, RetryInfoSchema } from "../gen/external/google/rpc/error_details_pb";

export interface Failure {
  reason: string; // ErrorInfo.reason; "network" when ops did not answer.
  message: string; // ops' own words, English.
  traceId: string; // Empty: unknown.
  retryMinutes: number; // 0: not said.
  fields: { field: string; description: string }[]; // What is wrong with the request, field by field.
}

// Codes that a browser, a proxy or a dead server cause without ops having said anything.
const silentCodes = new Set([Code.Unavailable, Code.Unknown, Code.DeadlineExceeded, Code.Internal]);

export function failureOf(error: unknown): Failure {
  const connectError = ConnectError.from(error);
  const reason = connectError.findDetails(ErrorInfoSchema)[0]?.reason;
  const retrySeconds = Number(connectError.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds ?? 0n);
  return {
    reason: reason ?? (silentCodes.has(connectError.code) ? "network" : "other"),
    message: connectError.rawMessage,
    traceId: connectError.findDetails(RequestInfoSchema)[0]?.requestId ?? "",
    retryMinutes: Math.ceil(retrySeconds / 60),
    fields: connectError.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations.map(({ field, description }) => ({ field, description }))),
  };
}

export function isCanceled(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Canceled;
}
