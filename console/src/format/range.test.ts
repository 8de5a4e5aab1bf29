import { describe, expect, it } from "vitest";

import { boundsOf, defaultRange, problemOf, rangeFromQuery, rangeToQuery, refreshSeconds, type TimeRange } from "./range";

const now = new Date("2026-09-01T12:00:00Z");
const custom: TimeRange = { kind: "custom", start: new Date("2026-09-01T08:00:00Z"), end: new Date("2026-09-01T09:30:00Z") };

describe("time ranges", () => {
  it("counts a preset back from now", () =>
    expect(boundsOf({ kind: "preset", preset: "15m" }, now)).toEqual({ start: new Date("2026-09-01T11:45:00Z"), end: now }));
  it("keeps a custom range's bounds", () => expect(boundsOf(custom, now)).toEqual({ start: custom.start, end: custom.end }));
  it.each([custom, { kind: "preset", preset: "24h" } as TimeRange])("comes back from the address (%#)", (range) =>
    expect(rangeFromQuery(rangeToQuery(range))).toEqual(range),
  );
  it.each([{}, { range: "7y" }, { from: "x", to: "y" }, { from: "2026-09-02T00:00:00Z", to: "2026-09-01T00:00:00Z" }, { from: "2020-01-01", to: "2026-01-01" }])(
    "takes the default for a malformed address (%#)",
    (query) => expect(rangeFromQuery(query)).toEqual(defaultRange),
  );
  it("does not refresh the past", () => expect(refreshSeconds(custom, now)).toBe(0));
  it("says what is wrong with a custom range", () => {
    expect(problemOf(custom.start, custom.start, now)).toBe("order");
    expect(problemOf(new Date("2026-07-01T00:00:00Z"), now, now)).toBe("too_long");
    expect(problemOf(new Date("2026-09-01T12:30:00Z"), new Date("2026-09-01T13:00:00Z"), now)).toBe("future");
    expect(problemOf(custom.start, custom.end, now)).toBeUndefined();
  });
});
