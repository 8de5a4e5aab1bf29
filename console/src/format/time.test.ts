import { describe, expect, it } from "vitest";

import { dayIn, formatClock, formatDateTime } from "./time";

const time = new Date("2026-09-01T17:30:05Z");

describe("times", () => {
  it("are in the product's zone, not the reader's", () => {
    expect(formatClock(time, "Asia/Shanghai", "zh")).toBe("01:30:05");
    expect(formatClock(time, "Europe/Paris", "en")).toBe("19:30:05");
    expect(formatDateTime(time, "Asia/Shanghai")).toBe("2026-09-02 01:30:05");
  });
  it("have the product's business day", () => {
    expect(dayIn(time, "Asia/Shanghai")).toBe("2026-09-02");
    expect(dayIn(time, "America/New_York")).toBe("2026-09-01");
  });
});
