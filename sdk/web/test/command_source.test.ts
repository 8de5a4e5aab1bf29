import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
// @ts-expect-error: plain JavaScript, so that it runs without a build.
import { readTable, render } from "../command_source.mjs";

const folder = mkdtempSync(join(tmpdir(), "commands-"));
execFileSync("protoc", ["--proto_path=../../proto", "--include_imports", `--descriptor_set_out=${folder}/apis.pb`, "trivium/payment/v1/payment.proto", "trivium/push/v1/push.proto"]);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(`${folder}/apis.pb`)));

const get = { service: "trivium.payment.v1.PaymentService", method: "GetPayment", auth_scope: "AUTH_SCOPE_USER", title_en: "Get" };

test("a command becomes a typed function at its place, with its request and answer", () => {
  const text: string = render(readTable({ "payment.get_one": { ...get, deprecated: true, replaced_by: "payment.get" }, "payment.get": { ...get, idempotent: true } }, registry));
  expect(text).toContain("get(request: MessageInitShape<typeof GetPaymentRequestSchema>): Promise<Payment>;");
  expect(text).toContain('getOne: (request) => caller.call({ name: "payment.get_one", method: PaymentService.method.getPayment, idempotent: false }, request)');
  expect(text).toContain("/** payment.get_one: Get. @deprecated: call payment.get */");
  expect(text).toContain("idempotent: true");
});

test("a table without commands for clients is a module, too", () => {
  const text: string = render(readTable({}, registry), "../../src/caller.js");
  expect(text).toContain('import type { Caller } from "../../src/caller.js";');
  expect(text).toContain("export function makeCommands(_caller: Caller): Commands {\n  return {};\n}");
});

test("JSON names of fields are taken, too; the client's own command and products' versions are left out", () => {
  const { auth_scope, title_en, ...rest } = get;
  const commands = readTable({ commands: { "a.b": { ...rest, authScope: auth_scope, titleEn: title_en }, "a.b@acme": get, "push.ack": get } }, registry) as { name: string; scope: string }[];
  expect(commands.map(({ name, scope }) => [name, scope])).toEqual([["a.b", "AUTH_SCOPE_USER"]]);
});

test.each([
  [{ "a.b": { ...get, service: "trivium.None" } }, "command a.b.service: trivium.None, want one of the descriptors"],
  [{ "a.b": { ...get, method: "Nothing" } }, "command a.b.method: Nothing, want a method of trivium.payment.v1.PaymentService"],
  [{ "a.b": { ...get, service: "trivium.push.v1.PushService", method: "WatchEvents" } }, "command a.b.method: WatchEvents is streaming, want a unary one"],
  [{ "A b": get }, 'command "A b": want parts'],
  [{ a: get, "a.b": get }, "command a: also the first part of a.b"],
  [{ "a.b_c": get, "a.b-c": get }, "another one has the same name in TypeScript"],
])("refuses %j", (table, message) => expect(() => render(readTable(table, registry))).toThrow(message));
