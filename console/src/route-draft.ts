// A route while a person edits it. Pure.
import type { PlatformRouteCell } from "./gen/trivium/ops/v1/ops_pb";

export interface DraftCell {
  cell: string;
  drained: boolean;
}

export function draftOf(cells: PlatformRouteCell[]): DraftCell[] {
  return cells.map(({ cell, drained }) => ({ cell, drained }));
}

// The same cells with one moved up (-1) or down (+1); unchanged at the ends.
export function moved(cells: DraftCell[], index: number, by: -1 | 1): DraftCell[] {
  const other = index + by;
  const next = [...cells];
  const [a, b] = [next[index], next[other]];
  if (a === undefined || b === undefined) return next;
  next[index] = b;
  next[other] = a;
  return next;
}

// What is wrong, as a key of the messages under "route", or undefined.
export function problemOfDraft(cells: DraftCell[], reason: string): "noTraffic" | "reasonMissing" | undefined {
  if (!cells.some((cell) => !cell.drained)) return "noTraffic";
  const length = [...reason.trim()].length;
  return length < 1 || length > 200 ? "reasonMissing" : undefined;
}

// A new idempotency key. Not crypto.randomUUID: browsers have that over HTTPS and on localhost only.
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `console-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
