// Time ranges of charts: what the reader chose, as bounds, and in the address.

export const presets = ["15m", "1h", "6h", "24h"] as const;
export type Preset = (typeof presets)[number];
export type TimeRange = { kind: "preset"; preset: Preset } | { kind: "custom"; start: Date; end: Date };

const minutes: Record<Preset, number> = { "15m": 15, "1h": 60, "6h": 360, "24h": 1440 };
const longestDays = 31;

// A day at school, or an incident, shows best from near.
export const defaultRange: TimeRange = { kind: "preset", preset: "15m" };

export function boundsOf(range: TimeRange, now: Date): { start: Date; end: Date } {
  if (range.kind === "custom") return { start: range.start, end: range.end };
  return { start: new Date(now.getTime() - minutes[range.preset] * 60_000), end: now };
}

// Seconds between looks: a chart of a day gains nothing from a look every five seconds; a past range does not change.
export function refreshSeconds(range: TimeRange, now: Date): number {
  if (range.kind === "custom") return range.end.getTime() < now.getTime() - 60_000 ? 0 : 15;
  return { "15m": 5, "1h": 5, "6h": 15, "24h": 30 }[range.preset];
}

// What is wrong with a custom range, or undefined.
export function problemOf(start: Date, end: Date, now: Date): "order" | "too_long" | "future" | undefined {
  if (!(start.getTime() < end.getTime())) return "order";
  if (end.getTime() - start.getTime() > longestDays * 86_400_000) return "too_long";
  if (start.getTime() > now.getTime()) return "future";
  return undefined;
}

// To and from the address's query. Anything malformed is the default.
export function rangeToQuery(range: TimeRange): Record<string, string> {
  if (range.kind === "preset") return { range: range.preset };
  return { from: range.start.toISOString(), to: range.end.toISOString() };
}

export function rangeFromQuery(query: Record<string, unknown>): TimeRange {
  const preset = presets.find((candidate) => candidate === query.range);
  if (preset) return { kind: "preset", preset };
  if (typeof query.from === "string" && typeof query.to === "string") {
    const start = new Date(query.from);
    const end = new Date(query.to);
    const days = (end.getTime() - start.getTime()) / 86_400_000;
    if (days > 0 && days <= longestDays) return { kind: "custom", start, end };
  }
  return defaultRange;
}
