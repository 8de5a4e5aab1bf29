// Rooms for a reader: who is in by rung, against what the room holds, and a day's joins. Pure.
import { type DailySummary, type Room, Room_State, Rung, RungReason } from "./gen/trivium/live/v1/live_pb";

export const rungs = ["RTC", "FAST", "STANDARD", "WAITING"] as const;
export type RungName = (typeof rungs)[number];

export interface Use {
  rung: RungName;
  count: number;
  capacity: number; // Of the queue for WAITING.
}

// Rungs that the room has, or that somebody is on.
export function useOf(room: Room): Use[] {
  const { capacity, occupancy } = room;
  const all: Use[] = [
    { rung: "RTC", count: occupancy?.rtc ?? 0, capacity: capacity?.rtc ?? 0 },
    { rung: "FAST", count: occupancy?.fast ?? 0, capacity: capacity?.fast ?? 0 },
    { rung: "STANDARD", count: occupancy?.standard ?? 0, capacity: capacity?.standard ?? 0 },
    { rung: "WAITING", count: occupancy?.waiting ?? 0, capacity: room.queueSize },
  ];
  return all.filter((use) => use.capacity > 0 || use.count > 0);
}

export function peopleIn(room: Room): number {
  return useOf(room).reduce((sum, use) => sum + use.count, 0);
}

// Whether somebody may be in it.
export function isOpen(room: Room): boolean {
  return room.state === Room_State.LIVE || room.state === Room_State.ENDED;
}

// Stays that got a place, by rung and by reason, the most first.
export function joinsOf(summary: DailySummary | undefined): { total: bigint; byRung: Map<string, bigint>; byReason: Map<string, bigint> } {
  const byRung = new Map<string, bigint>();
  const byReason = new Map<string, bigint>();
  const add = (to: Map<string, bigint>, key: string, count: bigint) => to.set(key, (to.get(key) ?? 0n) + count);
  let total = 0n;
  for (const { rung, reason, count } of summary?.joins ?? []) {
    total += count;
    add(byRung, Rung[rung] ?? "", count);
    add(byReason, RungReason[reason] ?? "", count);
  }
  return { total, byRung, byReason: sorted(byReason) };
}

export function sorted(counts: Map<string, bigint>): Map<string, bigint> {
  return new Map([...counts].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0)));
}

export function sumOf(counts: { [key: string]: bigint } | undefined): bigint {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0n);
}

// "room_..." is an id; anything else a product's own name.
export function isRoomId(text: string): boolean {
  return /^room_[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}
