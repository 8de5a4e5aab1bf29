import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema } from "./gen/external/google/rpc/error_details_pb.js";

/** gRPC's codes, in Connect's spelling. */
export type ErrorCode =
  | "canceled" | "unknown" | "invalid_argument" | "deadline_exceeded" | "not_found" | "already_exists" | "permission_denied" | "resource_exhausted"
  | "failed_precondition" | "aborted" | "out_of_range" | "unimplemented" | "internal" | "unavailable" | "data_loss" | "unauthenticated";

/** What an answer over HTTP says besides. Over the socket, an error has a code, a reason, a message and a wait only. */
export interface ErrorDetails {
  /** The parts of the message that vary. */
  metadata: Readonly<Record<string, string>>;
  /** Wrong fields of the request. */
  fields: readonly { field: string; description: string }[];
  /** Limits that were reached. */
  limits: readonly { subject: string; description: string }[];
}

const noDetails: ErrorDetails = { metadata: {}, fields: [], limits: [] };

/** Every error of this package. */
export class TriviumError extends Error {
  override readonly name = "TriviumError";
  /** For programs: "PAYMENT_NOT_FOUND"; "" when there is none. docs/reference/errors.md lists them. */
  readonly reason: string;
  readonly details: ErrorDetails;
  /** Time to wait before asking again, when the platform said one. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same call may succeed later. */
  readonly temporary: boolean;

  constructor(
    readonly code: ErrorCode,
    message: string,
    more: { reason?: string; details?: ErrorDetails; retryAfterMs?: number | undefined; temporary?: boolean; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.reason = more.reason ?? "";
    this.details = more.details ?? noDetails;
    this.retryAfterMs = more.retryAfterMs;
    this.temporary = more.temporary ?? temporaryCodes.has(code);
  }
}

const temporaryCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["unavailable", "resource_exhausted", "deadline_exceeded", "aborted", "internal"]);

// The gateway's codes of the client protocol, and the stock client's own (below 100).
const socketCodes: Readonly<Record<number, ErrorCode>> = {
  1: "deadline_exceeded", 2: "unavailable", 3: "unavailable", 4: "unavailable", 5: "unauthenticated", 6: "unauthenticated", 7: "canceled",
  10: "unavailable", 11: "unavailable", 12: "invalid_argument",
  100: "internal", 101: "unauthenticated", 102: "not_found", 103: "permission_denied", 104: "unimplemented", 105: "already_exists",
  106: "resource_exhausted", 107: "invalid_argument", 108: "failed_precondition", 109: "unauthenticated", 110: "unauthenticated",
  111: "resource_exhausted", 112: "out_of_range",
};

const firstApplicationCode = 400;

/** "not_found" of Code.NotFound. */
function nameOf(code: Code): ErrorCode {
  const name = Code[code] ?? "Unknown";
  return name.replace(/(?!^)([A-Z])/g, "_$1").toLowerCase() as ErrorCode;
}

/** Of what the stock client rejects with: {code, message, temporary}. A command's refusal is 400 + gRPC's code with "REASON: what is wrong (retry after 1500 ms)". */
export function fromSocket(error: unknown): TriviumError {
  if (error instanceof TriviumError) return error;
  const { code, message, temporary } = (typeof error === "object" && error !== null ? error : {}) as { code?: number; message?: string; temporary?: boolean };
  if (typeof code !== "number") return new TriviumError("unknown", error instanceof Error ? error.message : String(error), { cause: error });
  const application = code - firstApplicationCode;
  const name = socketCodes[code] ?? (application in Code ? nameOf(application) : "unknown");
  const [, reason = "", text = "", wait] = /^([A-Z][A-Z0-9_]{2,62}): ([^]*?)(?: \(retry after (\d+) ms\))?$/.exec(message ?? "") ?? [];
  return new TriviumError(name, reason ? text : (message ?? ""), {
    reason,
    retryAfterMs: wait === undefined ? undefined : Number(wait),
    cause: error,
    ...(temporary === true ? { temporary } : {}),
  });
}

/** Of what Connect rejects with. */
export function fromHttp(error: unknown): TriviumError {
  if (error instanceof TriviumError) return error;
  const connect = ConnectError.from(error);
  const [info] = connect.findDetails(ErrorInfoSchema);
  const [retry] = connect.findDetails(RetryInfoSchema);
  const details: ErrorDetails = {
    metadata: info?.metadata ?? {},
    fields: connect.findDetails(BadRequestSchema).flatMap((each) => each.fieldViolations.map(({ field, description }) => ({ field, description }))),
    limits: connect.findDetails(QuotaFailureSchema).flatMap((each) => each.violations.map(({ subject, description }) => ({ subject, description }))),
  };
  return new TriviumError(nameOf(connect.code), connect.rawMessage, {
    reason: info?.reason ?? "",
    details,
    retryAfterMs: retry?.retryDelay ? durationMs(retry.retryDelay) : undefined,
    cause: error,
  });
}
