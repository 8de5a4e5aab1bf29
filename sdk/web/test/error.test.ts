import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fromHttp, fromSocket } from "../src/error.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../src/gen/external/google/rpc/error_details_pb.js";

test.each([
  [{ code: 405, message: "PAYMENT_NOT_FOUND: payment_id: pay_1: none" }, "not_found", "PAYMENT_NOT_FOUND", "payment_id: pay_1: none", false],
  [{ code: 409, message: "PAYMENT_NOT_SUCCEEDED: it is OPEN" }, "failed_precondition", "PAYMENT_NOT_SUCCEEDED", "it is OPEN", false],
  [{ code: 410, message: "STORE_CONFLICT: again", temporary: true }, "aborted", "STORE_CONFLICT", "again", true],
  [{ code: 403, message: "no reason here: just words" }, "invalid_argument", "", "no reason here: just words", false],
  [{ code: 100, message: "internal server error", temporary: true }, "internal", "", "internal server error", true],
  [{ code: 103, message: "permission denied" }, "permission_denied", "", "permission denied", false],
  [{ code: 104, message: "method not found" }, "unimplemented", "", "method not found", false],
  [{ code: 111, message: "RATE_LIMITED: user", temporary: true }, "resource_exhausted", "RATE_LIMITED", "user", true],
  [{ code: 1, message: "timeout" }, "deadline_exceeded", "", "timeout", true],
  [{ code: 11, message: "connection closed" }, "unavailable", "", "connection closed", true],
  [{ code: 1999, message: "x" }, "unknown", "", "x", false],
  [new Error("a defect"), "unknown", "", "a defect", false],
  ["text", "unknown", "", "text", false],
])("socket: %j", (error, code, reason, message, temporary) => {
  const typed = fromSocket(error);
  expect([typed.code, typed.reason, typed.message, typed.temporary]).toEqual([code, reason, message, temporary]);
});

test.each([
  [{ code: 414, message: "REBUILDING: room: later (retry after 1500 ms)", temporary: true }, "unavailable", "REBUILDING", "room: later", 1500],
  [{ code: 111, message: "RATE_LIMITED: a\nb (retry after 1 ms) (retry after 20 ms)", temporary: true }, "resource_exhausted", "RATE_LIMITED", "a\nb (retry after 1 ms)", 20],
  [{ code: 414, message: "REBUILDING: (retry after soon ms)", temporary: true }, "unavailable", "REBUILDING", "(retry after soon ms)", undefined],
  [{ code: 404, message: "DEADLINE_EXCEEDED: no answer in time", temporary: true }, "deadline_exceeded", "DEADLINE_EXCEEDED", "no answer in time", undefined],
])("socket: %j says when to ask again", (error, code, reason, message, retryAfterMs) => {
  expect(fromSocket(error)).toMatchObject({ code, reason, message, retryAfterMs, temporary: true });
});

test("http: reason, wrong fields and the wait come from the details", () => {
  const error = new ConnectError("amount: 0, want >= 1", Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: "AMOUNT_INVALID", metadata: { amount: "0" } }) },
    { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations: [{ field: "amount", description: "0, want >= 1" }] }) },
    { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: { seconds: 1n, nanos: 500_000_000 } }) },
  ]);
  const typed = fromHttp(error);
  expect(typed).toMatchObject({ code: "invalid_argument", reason: "AMOUNT_INVALID", message: "amount: 0, want >= 1", retryAfterMs: 1500, temporary: false });
  expect(typed.details).toEqual({ metadata: { amount: "0" }, fields: [{ field: "amount", description: "0, want >= 1" }], limits: [] });
});

test("http: a network error is unavailable or unknown, never a crash", () => {
  expect(fromHttp(new TypeError("fetch failed")).message).toContain("fetch failed");
  expect(fromHttp(new ConnectError("no route", Code.Unavailable))).toMatchObject({ code: "unavailable", temporary: true, reason: "", retryAfterMs: undefined });
});

