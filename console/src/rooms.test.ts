import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";

import { DailySummarySchema, Room_State, RoomSchema, Rung, RungReason } from "./gen/trivium/live/v1/live_pb";
import { isOpen, isRoomId, joinsOf, peopleIn, sumOf, useOf } from "./rooms";

const room = create(RoomSchema, { state: Room_State.LIVE, capacity: { rtc: 50, fast: 0, standard: 100 }, queueSize: 10, occupancy: { rtc: 50, standard: 7, waiting: 2, staff: 2, seated: 4 } });

describe("a room", () => {
  it("shows the rungs that it has", () =>
    expect(useOf(room)).toEqual([
      { rung: "RTC", count: 50, capacity: 50 },
      { rung: "STANDARD", count: 7, capacity: 100 },
      { rung: "WAITING", count: 2, capacity: 10 },
    ]));
  it("shows a rung that it has not, when somebody is on it", () =>
    expect(useOf(create(RoomSchema, { occupancy: { fast: 1 } }))).toEqual([{ rung: "FAST", count: 1, capacity: 0 }]));
  it("counts those who wait, too", () => expect(peopleIn(room)).toBe(59));
  it("may have people in it until it is closed", () => {
    expect([Room_State.SCHEDULED, Room_State.LIVE, Room_State.ENDED, Room_State.CLOSED, Room_State.CANCELED].map((state) => isOpen(create(RoomSchema, { state })))).toEqual([false, true, true, false, false]);
  });
});

describe("a day of joins", () => {
  it("adds up by rung and by reason, the most first", () => {
    const summary = create(DailySummarySchema, {
      joins: [
        { rung: Rung.RTC, reason: RungReason.STAFF, count: 2n },
        { rung: Rung.RTC, reason: RungReason.BEST, count: 50n },
        { rung: Rung.FAST, reason: RungReason.FULL, count: 90n },
        { rung: Rung.FAST, reason: RungReason.FROM_QUEUE, count: 1n },
      ],
    });
    const joins = joinsOf(summary);
    expect(joins.total).toBe(143n);
    expect([...joins.byRung]).toEqual([["RTC", 52n], ["FAST", 91n]]);
    expect([...joins.byReason.keys()]).toEqual(["FULL", "BEST", "STAFF", "FROM_QUEUE"]);
  });
  it("of nothing is nothing", () => expect([joinsOf(undefined).total, sumOf(undefined), sumOf({ LEFT: 3n, REMOVED: 1n })]).toEqual([0n, 0n, 4n]));
});

describe("an id of a room", () => {
  it.each([
    ["room_06asn3v4k1f7s8t9v0w1x2y3z4", true],
    ["room_06ASN3V4K1F7S8T9V0W1X2Y3Z4", false],
    ["room_1", false],
    ["math-7", false],
  ])("%s: %s", (text, want) => expect(isRoomId(text)).toBe(want));
});
