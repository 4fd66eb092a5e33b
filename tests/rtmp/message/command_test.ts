import { assertEquals, assertThrows } from "@std/assert";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfObject } from "../../../src/amf/amf_value.ts";
import { type Command, decodeCommand, encodeCommand } from "../../../src/rtmp/message/command.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { splitQuery } from "../../../src/rtmp/message/stream_name.ts";
import { surviveMutations } from "../../../testing/mutation.ts";

const COMMANDS: Command[] = [
  { name: "createStream", transactionId: 4, args: [null] },
  { name: "publish", transactionId: 5, args: [null, "name", "live"] },
  { name: "connect", transactionId: 1, args: [amfObject({ app: "live" })] },
  { name: "onBWDone", transactionId: 0, args: [] },
];

Deno.test("commands come back as they were", () => {
  for (const command of COMMANDS) assertEquals(decodeCommand(encodeCommand(command)), command);
});

Deno.test("a command without a transaction id has 0", () => {
  assertEquals(decodeCommand(encodeAmf0("x")), { name: "x", transactionId: 0, args: [] });
  assertEquals(decodeCommand(encodeAmf0("x", null, 1)).transactionId, 0);
});

Deno.test("a command needs a name, and AMF0", () => {
  assertThrows(() => decodeCommand(encodeAmf0(1, 2)), RtmpError, "must be a string, got number");
  assertThrows(() => decodeCommand(new Uint8Array(0)), RtmpError, "got undefined");
  assertThrows(() => decodeCommand(Uint8Array.of(2, 0, 9)), RtmpError, "Cannot read command");
});

Deno.test("commands survive mutations", () => {
  const samples = COMMANDS.map(encodeCommand);
  surviveMutations(samples, (bytes) => void decodeCommand(bytes), RtmpError, { count: 500 });
});

Deno.test("names are apart from queries and slashes", () => {
  const cases: [string, string, string][] = [
    ["live", "live", ""],
    ["/live/", "live", ""],
    ["live/?token=x", "live", "token=x"],
    ["a/b?x=1?y=/2/", "a/b", "x=1?y=/2/"],
    ["?x", "", "x"],
    ["///", "", ""],
    ["", "", ""],
    ["name?", "name", ""],
  ];
  for (const [text, name, query] of cases) assertEquals(splitQuery(text), { name, query });
});
