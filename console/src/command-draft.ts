// A command while a person edits it: texts as typed, what is wrong with them, and what would change. Pure.
import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";

import { AuthScope, CommandSchema, RoutingKey_Source, type Command, type RateLimit } from "./gen/trivium/gateway/v1/command_pb";

export const limitScopes = ["perConnection", "perUser", "perProduct", "perCommand"] as const;
export type LimitScope = (typeof limitScopes)[number];

export const authScopes = ["AUTH_SCOPE_USER", "AUTH_SCOPE_BACKEND", "AUTH_SCOPE_NONE"] as const;
export const routingSources = ["NONE", "UID", "ROOM_ID", "CID", "FIELD"] as const;

export interface CommandDraft {
  titleZh: string;
  titleEn: string;
  number: string;
  product: string;
  service: string;
  method: string;
  authScope: string; // Of authScopes; "": not chosen yet.
  routingSource: string; // Of routingSources.
  fieldPath: string;
  timeoutMs: string;
  maxRequestBytes: string;
  idempotent: boolean;
  limits: Record<LimitScope, { rate: string; burst: string }>;
  disabled: boolean;
  disabledMessage: string;
  retryAfterSeconds: string;
  deprecated: boolean;
  replacedBy: string;
}

const numberText = (value: number | undefined): string => (value ? String(value) : "");
const limitDraft = (limit: RateLimit | undefined) => ({ rate: numberText(limit?.rate), burst: numberText(limit?.burst) });

export function draftOf(command: Command | undefined): CommandDraft {
  const value = command ?? create(CommandSchema);
  const source = RoutingKey_Source[value.routingKey?.source ?? RoutingKey_Source.NONE] ?? "NONE";
  return {
    titleZh: value.titleZh,
    titleEn: value.titleEn,
    number: numberText(value.number),
    product: value.product || (command ? "" : "*"),
    service: value.service,
    method: value.method,
    authScope: value.authScope === AuthScope.UNSPECIFIED ? "" : `AUTH_SCOPE_${AuthScope[value.authScope]}`,
    routingSource: source === "SOURCE_UNSPECIFIED" ? "NONE" : source,
    fieldPath: value.routingKey?.fieldPath ?? "",
    timeoutMs: numberText(value.timeout && durationMs(value.timeout)),
    maxRequestBytes: numberText(value.maxRequestBytes),
    idempotent: value.idempotent,
    limits: {
      perConnection: limitDraft(value.limits?.perConnection),
      perUser: limitDraft(value.limits?.perUser),
      perProduct: limitDraft(value.limits?.perProduct),
      perCommand: limitDraft(value.limits?.perCommand),
    },
    disabled: value.disabled !== undefined,
    disabledMessage: value.disabled?.message ?? "",
    retryAfterSeconds: numberText(value.disabled?.retryAfter && durationMs(value.disabled.retryAfter) / 1000),
    deprecated: value.deprecated,
    replacedBy: value.replacedBy,
  };
}

// What a person typed on top of an older version, put on top of a newer one: only what was changed stays.
export function rebased(typed: CommandDraft, older: CommandDraft, newer: CommandDraft): CommandDraft {
  const keep = <T>(mine: T, base: T, theirs: T): T => (JSON.stringify(mine) === JSON.stringify(base) ? theirs : mine);
  const next = Object.fromEntries((Object.keys(typed) as (keyof CommandDraft)[]).map((key) => [key, keep(typed[key], older[key], newer[key])])) as unknown as CommandDraft;
  next.limits = Object.fromEntries(limitScopes.map((scope) => [scope, keep(typed.limits[scope], older.limits[scope], newer.limits[scope])])) as CommandDraft["limits"];
  return next;
}

// Field paths are those of control's refusals, without "value.".
export type FieldErrors = Record<string, string>;

// Texts that are no numbers: control could not even be asked about them. Whole: digits only.
export function problemsOfDraft(draft: CommandDraft): Record<string, "notWhole" | "notNumber"> {
  const problems: Record<string, "notWhole" | "notNumber"> = {};
  const whole = (field: string, text: string, most: number): void => {
    if (text.trim() && !(/^\d{1,10}$/.test(text.trim()) && Number(text) <= most)) problems[field] = "notWhole";
  };
  const most = 0xffffffff;
  whole("number", draft.number, most);
  whole("timeout", draft.timeoutMs, most);
  whole("max_request_bytes", draft.maxRequestBytes, most);
  if (draft.disabled) whole("disabled.retry_after", draft.retryAfterSeconds, most);
  for (const scope of limitScopes) {
    const { rate, burst } = draft.limits[scope];
    const field = `limits.${snake(scope)}`;
    if (rate.trim() && !/^\d{1,9}(\.\d{1,6})?$/.test(rate.trim())) problems[`${field}.rate`] = "notNumber";
    whole(`${field}.burst`, burst, most);
  }
  return problems;
}

export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function limitOf({ rate, burst }: { rate: string; burst: string }) {
  if (!rate.trim() && !burst.trim()) return undefined;
  return { rate: Number(rate), burst: Number(burst) };
}

// Of a draft without problems.
export function commandOf(draft: CommandDraft): Command {
  const text = (value: string): string => value.trim();
  const limits = Object.fromEntries(limitScopes.map((scope) => [scope, limitOf(draft.limits[scope])]).filter(([, limit]) => limit));
  const routed = draft.routingSource !== "NONE";
  return create(CommandSchema, {
    number: Number(draft.number),
    service: text(draft.service),
    method: text(draft.method),
    product: text(draft.product),
    routingKey: routed ? { source: RoutingKey_Source[draft.routingSource as keyof typeof RoutingKey_Source], fieldPath: draft.routingSource === "FIELD" ? text(draft.fieldPath) : "" } : undefined,
    timeout: text(draft.timeoutMs) ? durationFromMs(Number(draft.timeoutMs)) : undefined,
    authScope: draft.authScope ? AuthScope[draft.authScope.replace("AUTH_SCOPE_", "") as keyof typeof AuthScope] : AuthScope.UNSPECIFIED,
    limits: Object.keys(limits).length ? limits : undefined,
    idempotent: draft.idempotent,
    disabled: draft.disabled ? { message: text(draft.disabledMessage), retryAfter: text(draft.retryAfterSeconds) ? durationFromMs(Number(draft.retryAfterSeconds) * 1000) : undefined } : undefined,
    maxRequestBytes: Number(draft.maxRequestBytes),
    deprecated: draft.deprecated,
    replacedBy: draft.deprecated ? text(draft.replacedBy) : "",
    titleZh: text(draft.titleZh),
    titleEn: text(draft.titleEn),
  });
}

export interface Change {
  field: string; // Key of the messages under "command.field".
  before: string;
  after: string;
}

// A command as a reader's lines: field and value; empty values are left out of both.
export function linesOf(command: Command | undefined): Map<string, string> {
  const lines = new Map<string, string>();
  if (!command) return lines;
  const draft = draftOf(command);
  const put = (field: string, value: string): void => void (value && lines.set(field, value));
  put("titleZh", draft.titleZh);
  put("titleEn", draft.titleEn);
  put("number", draft.number);
  put("product", draft.product);
  put("service", draft.service);
  put("method", draft.method);
  put("authScope", draft.authScope.replace("AUTH_SCOPE_", ""));
  put("routing", draft.routingSource === "NONE" ? "" : [draft.routingSource, draft.fieldPath].filter(Boolean).join(" "));
  put("timeout", draft.timeoutMs && `${draft.timeoutMs} ms`);
  put("maxRequestBytes", draft.maxRequestBytes);
  put("idempotent", draft.idempotent ? "true" : "");
  for (const scope of limitScopes) {
    const { rate, burst } = draft.limits[scope];
    put(scope, rate && `${rate}/s${burst ? ` · ${burst}` : ""}`);
  }
  put("disabled", draft.disabled ? [draft.disabledMessage, draft.retryAfterSeconds && `${draft.retryAfterSeconds} s`].filter(Boolean).join(" · ") : "");
  put("deprecated", draft.deprecated ? "true" : "");
  put("replacedBy", draft.replacedBy);
  return lines;
}

export function changesOf(before: Command | undefined, after: Command): Change[] {
  const [old, next] = [linesOf(before), linesOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])]
    .map((field) => ({ field, before: old.get(field) ?? "", after: next.get(field) ?? "" }))
    .filter((change) => change.before !== change.after);
}

// "value.timeout" -> "timeout": where the form shows it.
export function fieldErrorsOf(fields: { field: string; description: string }[]): FieldErrors {
  const errors: FieldErrors = {};
  for (const { field, description } of fields) {
    const key = field.replace(/^value\./, "");
    errors[key] = errors[key] ? `${errors[key]}; ${description}` : description;
  }
  return errors;
}
