import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";

import { changesOf, commandOf, draftOf, fieldErrorsOf, problemsOfDraft, rebased } from "./command-draft";
import { AuthScope, CommandSchema, RoutingKey_Source } from "./gen/trivium/gateway/v1/command_pb";

const full = create(CommandSchema, {
  number: 12,
  service: "acme.v1.CourseService",
  method: "RollCall",
  product: "acme",
  routingKey: { source: RoutingKey_Source.FIELD, fieldPath: "room.room_id" },
  timeout: durationFromMs(1500),
  authScope: AuthScope.USER,
  limits: { perUser: { rate: 0.5, burst: 3 }, perCommand: { rate: 1000 } },
  idempotent: true,
  disabled: { message: "维护中", retryAfter: durationFromMs(60_000) },
  maxRequestBytes: 4096,
  deprecated: true,
  replacedBy: "course.roll",
  titleZh: "点名",
  titleEn: "Roll call",
});

describe("a command's draft", () => {
  it("loses nothing on its way through the form", () => expect(commandOf(draftOf(full))).toEqual(full));
  it("of a small command stays small", () => {
    const small = create(CommandSchema, { service: "a.v1.S", method: "M", product: "*", authScope: AuthScope.NONE, titleZh: "一", titleEn: "one" });
    expect(commandOf(draftOf(small))).toEqual(small);
  });
  it("starts for all products, with no scope chosen", () => expect(draftOf(undefined)).toMatchObject({ product: "*", authScope: "", routingSource: "NONE", number: "" }));
  it.each([
    ["number", "1.5", "number", "notWhole"],
    ["timeoutMs", "fast", "timeout", "notWhole"],
    ["maxRequestBytes", "-1", "max_request_bytes", "notWhole"],
    ["number", "99999999999", "number", "notWhole"],
  ])("refuses %s %s at its field", (key, text, field, problem) => expect(problemsOfDraft({ ...draftOf(full), [key]: text })).toEqual({ [field]: problem }));
  it("refuses a rate that is no number, at its limit", () => {
    const draft = draftOf(full);
    draft.limits.perUser = { rate: "many", burst: "x" };
    expect(problemsOfDraft(draft)).toEqual({ "limits.per_user.rate": "notNumber", "limits.per_user.burst": "notWhole" });
  });
  it("leaves out what is switched off", () => {
    const command = commandOf({ ...draftOf(full), disabled: false, deprecated: false, routingSource: "UID" });
    expect([command.disabled, command.replacedBy, command.routingKey?.fieldPath]).toEqual([undefined, "", ""]);
  });
});

describe("what was typed, after somebody else was faster", () => {
  it("stays where the person changed it, and is the newest elsewhere", () => {
    const older = draftOf(full);
    const newer = draftOf(full);
    newer.titleEn = "Theirs";
    newer.timeoutMs = "9000";
    newer.limits.perUser = { rate: "7", burst: "" };
    const typed = draftOf(full);
    typed.timeoutMs = "2500";
    typed.limits.perCommand = { rate: "50", burst: "" };
    expect(rebased(typed, older, newer)).toEqual({ ...newer, timeoutMs: "2500", limits: { ...newer.limits, perCommand: { rate: "50", burst: "" } } });
  });
});

describe("changes", () => {
  it("name each field that differs, and no other", () => {
    const after = commandOf({ ...draftOf(full), timeoutMs: "3000", limits: { ...draftOf(full).limits, perCommand: { rate: "", burst: "" } } });
    expect(changesOf(full, after)).toEqual([
      { field: "timeout", before: "1500 ms", after: "3000 ms" },
      { field: "perCommand", before: "1000/s", after: "" },
    ]);
  });
  it("of a new command are all that it says", () => expect(changesOf(undefined, full).every((change) => change.before === "" && change.after !== "")).toBe(true));
  it("of the same command are none", () => expect(changesOf(full, full)).toEqual([]));
});

describe("control's refusals", () => {
  it("stand at the form's fields, several joined", () =>
    expect(fieldErrorsOf([{ field: "value.timeout", description: "0 s, want 10 ms to 60 s" }, { field: "name", description: "a" }, { field: "name", description: "b" }])).toEqual({
      timeout: "0 s, want 10 ms to 60 s",
      name: "a; b",
    }));
});
