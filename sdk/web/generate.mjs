// Makes the typed commands from the command table and the descriptors of the APIs that it names.
// usage: node generate.mjs --descriptors FILE --table FILE --out FILE [--caller PATH] [--scope user,none] [--protos-out FILE]
// --descriptors: a FileDescriptorSet with all imports (protoc --include_imports --descriptor_set_out). --table: YAML or JSON, the command's name -> trivium.gateway.v1.Command.
// --caller: where FILE imports the type Caller from (default: ../caller.js). --scope: whose commands are made (default: those that a client may call). --protos-out: writes the proto files of these commands, one a line, for protoc-gen-es.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { parse } from "yaml";
import { readTable, render } from "./command_source.mjs";

const { values } = parseArgs({
  options: {
    descriptors: { type: "string" },
    table: { type: "string" },
    out: { type: "string" },
    caller: { type: "string", default: "../caller.js" },
    scope: { type: "string", default: "user,none" },
    "protos-out": { type: "string" },
  },
});
for (const name of ["descriptors", "table", "out"]) {
  if (!values[name]) {
    console.error(`generate.mjs: --${name}: not given`);
    process.exit(2);
  }
}
try {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(values.descriptors)));
  const scopes = new Set(values.scope.split(",").map((each) => `AUTH_SCOPE_${each.toUpperCase()}`));
  const commands = readTable(parse(readFileSync(values.table, "utf8")), registry).filter((command) => scopes.has(command.scope));
  writeFileSync(values.out, render(commands, values.caller));
  if (values["protos-out"]) writeFileSync(values["protos-out"], [...new Set(commands.flatMap((command) => command.protos))].sort().join("\n") + "\n");
} catch (error) {
  console.error(`generate.mjs: ${error.message}`);
  process.exit(1);
}
