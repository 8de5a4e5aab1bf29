// The delivery ledger for a reader: accepted = acked + vendor + expired + dropped + pending. Pure.
import type { Delivery } from "./gen/trivium/push/v1/push_pb";

export const fates = ["acked", "vendor", "pending", "expired", "dropped"] as const;
export type Fate = (typeof fates)[number];

export const fateColors: Record<Fate, string> = { acked: "#2f9e6e", vendor: "#3aa6b9", pending: "#a9c1e0", expired: "#e0a63a", dropped: "#d0584f" };

export function droppedOf(ledger: Delivery | undefined): bigint {
  return Object.values(ledger?.dropped ?? {}).reduce((sum, count) => sum + count, 0n);
}

export function countOf(ledger: Delivery | undefined, fate: Fate): bigint {
  if (!ledger) return 0n;
  return fate === "dropped" ? droppedOf(ledger) : ledger[fate];
}

// What will not reach its recipient any more.
export function lostOf(ledger: Delivery | undefined): bigint {
  return (ledger?.expired ?? 0n) + droppedOf(ledger);
}

export function addsUp(ledger: Delivery | undefined): boolean {
  return fates.reduce((sum, fate) => sum + countOf(ledger, fate), 0n) === (ledger?.accepted ?? 0n);
}
