import { describe, expect, it } from "vitest";

import { moved, problemOfDraft } from "./route-draft";

const cells = [
  { cell: "a", drained: false },
  { cell: "b", drained: true },
];

describe("a route's draft", () => {
  it("moves cells within bounds", () => {
    expect(moved(cells, 0, 1).map((each) => each.cell)).toEqual(["b", "a"]);
    expect(moved(cells, 0, -1)).toEqual(cells);
    expect(moved(cells, 1, 1)).toEqual(cells);
  });
  it("needs a cell that takes traffic, and a reason", () => {
    expect(problemOfDraft([{ cell: "a", drained: true }], "why")).toBe("noTraffic");
    expect(problemOfDraft([], "why")).toBe("noTraffic");
    expect(problemOfDraft(cells, "  ")).toBe("reasonMissing");
    expect(problemOfDraft(cells, "字".repeat(201))).toBe("reasonMissing");
    expect(problemOfDraft(cells, "演练")).toBeUndefined();
  });
});
