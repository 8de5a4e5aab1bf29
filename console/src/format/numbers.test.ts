import { describe, expect, it } from "vitest";

import { formatCount, formatRatio, formatUnit } from "./numbers";

describe("formatUnit", () => {
  it.each([
    [0, "seconds", "0"],
    [0.00042, "seconds", "420 µs"],
    [0.0125, "seconds", "12.5 ms"],
    [3.456, "seconds", "3.46 s"],
    [600, "seconds", "10 min"],
    [86400, "seconds", "24 h"],
    [0.5, "ratio", "50%"],
    [0.9312, "ratio", "93.1%"],
    [1, "ratio", "100%"],
    [0.99951, "ratio", "99.95%"],
    [12.34, "per_second", "12.3/s"],
    [0.001, "per_second", "<0.01/s"],
    [0, "per_second", "0/s"],
    [10500000, "bytes", "10.5 MB"],
    [12345, "count", "12,345"],
    [Number.NaN, "count", "–"],
  ])("%s %s is %s", (value, unit, want) => expect(formatUnit(value, unit)).toBe(want));
});

describe("formatCount and formatRatio", () => {
  it("groups thousands", () => expect(formatCount(1234567n)).toBe("1,234,567"));
  it("has no rate without an end", () => expect(formatRatio(Number.NaN)).toBe("–"));
});
