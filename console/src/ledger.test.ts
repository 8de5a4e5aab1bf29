import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";

import { DeliverySchema } from "./gen/trivium/push/v1/push_pb";
import { addsUp, countOf, droppedOf, lostOf } from "./ledger";

const ledger = create(DeliverySchema, { accepted: 10n, acked: 4n, vendor: 1n, expired: 1n, dropped: { COLLAPSED: 2n, CANCELED: 1n }, pending: 1n });

describe("the ledger", () => {
  it("adds dropped up over its reasons", () => expect(droppedOf(ledger)).toBe(3n));
  it("counts as lost what was dropped or expired", () => expect(lostOf(ledger)).toBe(4n));
  it("adds up, or says so", () => {
    expect(addsUp(ledger)).toBe(true);
    expect(addsUp({ ...ledger, pending: 2n })).toBe(false);
  });
  it("of nothing is nothing", () => {
    expect([addsUp(undefined), lostOf(undefined), countOf(undefined, "acked")]).toEqual([true, 0n, 0n]);
  });
});
