import { describe, expect, it } from "vitest";

import { formatMoney } from "./money";

describe("formatMoney", () => {
  it.each([
    [0n, "CNY", "¥0.00"],
    [1n, "CNY", "¥0.01"],
    [123456n, "CNY", "¥1,234.56"],
    [-5n, "CNY", "−¥0.05"],
    [100000000n, "CNY", "¥1,000,000.00"],
    // Beyond what a double holds.
    [9007199254740993n, "CNY", "¥90,071,992,547,409.93"],
    [1234n, "JPY", "¥1,234"],
    [1234n, "USD", "$12.34"],
    [1234567n, "KWD", "KWD 1,234.567"],
  ])("%s %s is %s", (minor, currency, want) => expect(formatMoney(minor, currency)).toBe(want));
});
