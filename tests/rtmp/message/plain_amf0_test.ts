import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfCycle } from "../../../src/amf/amf3_cycle.ts";
import { AmfError } from "../../../src/amf/amf_error.ts";
import { MAX_AMF_VALUES } from "../../../src/amf/amf_limits.ts";
import { amfObject, type AmfRecord, type AmfValue } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import { encodeCommand } from "../../../src/rtmp/message/command.ts";
import { namedData } from "../../../src/rtmp/message/data_message.ts";
import { MAX_REPEATED_TEXT_LENGTH, plainAmf0 } from "../../../src/rtmp/message/plain_amf0.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
} from "../../../testing/rtmp/client.ts";
import { Dialogue, outline } from "../session/dialogue.ts";

const amf3 = (value: AmfRecord): AmfValue => ({ kind: "amf3", value });
const strictArray = (...items: AmfValue[]): AmfRecord => ({ kind: "strict-array", items });
const TRAITS = { sealedNames: ["a"], isDynamic: false };

const CASES: [string, AmfValue, AmfValue][] = [
  ["an object", amf3(amfObject({ a: 1, b: "x" })), amfObject({ a: 1, b: "x" })],
  [
    "an object with traits",
    amf3({ kind: "object", traits: TRAITS, properties: new Map([["a", 1]]) }),
    amfObject({ a: 1 }),
  ],
  [
    "an object of a class",
    amf3({ kind: "typed-object", className: "C", traits: TRAITS, properties: new Map([["a", 1]]) }),
    { kind: "typed-object", className: "C", properties: new Map([["a", 1]]) },
  ],
  ["an associative array", amf3(amfEcmaArray({ a: 1 })), amfEcmaArray({ a: 1 })],
  ["an array", amf3(strictArray(1, "x", null)), strictArray(1, "x", null)],
  [
    "an array with properties",
    amf3({ kind: "mixed-array", properties: new Map([["n", 2]]), items: [7, 8] }),
    { kind: "ecma-array", properties: new Map([["n", 2], ["0", 7], ["1", 8]]) },
  ],
  [
    "integers",
    amf3({ kind: "int-vector", isFixed: true, items: Int32Array.of(-1, 2) }),
    strictArray(-1, 2),
  ],
  [
    "doubles",
    amf3({ kind: "double-vector", isFixed: false, items: Float64Array.of(0.5) }),
    strictArray(0.5),
  ],
  [
    "unsigned integers",
    amf3({ kind: "uint-vector", isFixed: false, items: Uint32Array.of(0xffffffff) }),
    strictArray(0xffffffff),
  ],
  [
    "a vector of objects",
    amf3({ kind: "object-vector", isFixed: false, className: "*", items: [amfObject({ a: 1 })] }),
    strictArray(amfObject({ a: 1 })),
  ],
  [
    "a dictionary, of which objects are no names",
    amf3({
      kind: "dictionary",
      hasWeakKeys: false,
      entries: [["a", 1], [5, 2], [amfObject({}), 3]],
    }),
    { kind: "ecma-array", properties: new Map([["a", 1], ["5", 2]]) },
  ],
  ["XML", amf3({ kind: "e4x", text: "<a/>" }), { kind: "xml", text: "<a/>" }],
  ["bytes", amf3({ kind: "byte-array", bytes: fromHex("1122") }), null],
  [
    "a collection of Flex",
    amf3({
      kind: "externalizable",
      className: "flex.messaging.io.ArrayCollection",
      value: strictArray(1),
    }),
    strictArray(1),
  ],
  ["a date", amf3({ kind: "date", unixMs: 5, timezoneMinutes: 0 }), {
    kind: "date",
    unixMs: 5,
    timezoneMinutes: 0,
  }],
  [
    "within an object of AMF0",
    amfObject({ a: amf3(amfObject({ b: 1 })), c: 2 }),
    amfObject({
      a: amfObject({ b: 1 }),
      c: 2,
    }),
  ],
];

for (const [name, value, expected] of CASES) {
  Deno.test(`AMF3 in data becomes AMF0: ${name}`, () => {
    const body = encodeAmf0("onMetaData", value);
    assert(body.includes(0x11));
    assertEquals(toHex(plainAmf0(body)), toHex(encodeAmf0("onMetaData", expected)));
    const set = namedData(encodeAmf0("@setDataFrame", "onMetaData", value));
    assertEquals(set?.name, "onMetaData");
    assertEquals(decodeAmf0(set!.payload), decodeAmf0(encodeAmf0("onMetaData", expected)));
  });
}

Deno.test("AMF3 in data becomes AMF0: a value within itself is null", () => {
  const properties = new Map<string, AmfValue>([["a", 1]]);
  const object: AmfRecord = { kind: "object", properties };
  properties.set("self", amfCycle(object));
  const plain = plainAmf0(encodeAmf0("onMetaData", amf3(object)));
  assertEquals(decodeAmf0(plain), ["onMetaData", amfObject({ a: 1, self: null })]);
});

Deno.test("AMF3 in data becomes AMF0: values that are no records, too", () => {
  const body = fromHex("02 0001 6e 08 00000001 0001 61 11 06 0362 0001 63 11 04 05 000009");
  const expected = encodeAmf0("n", amfEcmaArray({ a: "b", c: 5 }));
  // The count of an ECMA array is what it holds.
  assertEquals(toHex(plainAmf0(body)), toHex(expected));
});

Deno.test("AMF3 in data becomes AMF0: strings may refer to the name, which is left away", () => {
  // "@setDataFrame" and "onMetaData" in AMF3, then an object whose "a" is "onMetaData".
  const set = "11 06 1b 40736574446174614672616d65";
  const body = fromHex(`${set} 11 06 15 6f6e4d65746144617461 11 0a 0b 01 0361 06 02 01`);
  const data = namedData(body);
  assertEquals(data?.name, "onMetaData");
  const expected = encodeAmf0("onMetaData", amfObject({ a: "onMetaData" }));
  assertEquals(toHex(data!.payload), toHex(expected));
});

Deno.test("a body of AMF0 alone stays as it is, byte for byte", () => {
  const bodies = [
    encodeAmf0("onMetaData", amfEcmaArray({ width: 1280 })),
    // 0x11 within a text, a number, a length.
    encodeAmf0("onMetaData", amfObject({ a: "\u0011", b: 17, c: "x".repeat(17) })),
    encodeAmf0("onMetaData", { kind: "reference", index: 17 }),
  ];
  for (const body of bodies) assert(plainAmf0(body) === body);
  assert(bodies[1]!.includes(0x11));
});

Deno.test("what AMF3 makes of a few bytes is limited", () => {
  const items = (count: number) =>
    plainAmf0(
      encodeAmf0("n", amf3({ kind: "int-vector", isFixed: true, items: new Int32Array(count) })),
    );
  // Name, switch and vector are values, too.
  assert(items(MAX_AMF_VALUES - 4).length > 9 * (MAX_AMF_VALUES - 4));
  items(MAX_AMF_VALUES - 3);
  assertThrows(() => items(MAX_AMF_VALUES - 2), AmfError, "up to 10000 values");
  const tooMany = { kind: "int-vector", isFixed: true, items: new Int32Array(20_000) } as const;
  assertEquals(namedData(encodeAmf0("onMetaData", amf3(tooMany))), undefined);
});

Deno.test("what AMF3 repeats by references is limited, so that the work is in proportion", () => {
  const text = `11 06 9001 ${"61".repeat(1024)}`;
  const repeated = (times: number) => fromHex(`02 0001 6e ${text} ${"11 06 00".repeat(times)}`);
  const most = MAX_REPEATED_TEXT_LENGTH / 1024;
  assertEquals(plainAmf0(repeated(most)).length, 4 + (most + 1) * (3 + 1024));
  assertThrows(() => plainAmf0(repeated(most + 2)), AmfError, "texts must be up to");
  assertEquals(namedData(repeated(10_000 - 2)), undefined);
});

Deno.test("data survives mutations", () => {
  const samples = CASES.map(([, value]) => encodeAmf0("@setDataFrame", "onMetaData", value));
  const read = (body: Uint8Array) => {
    const data = namedData(body);
    // What is told must be readable, and plain.
    if (data === undefined || !body.includes(0x11)) return;
    assert(plainAmf0(data.payload) === data.payload, "nothing of AMF3 is left");
  };
  surviveMutations(samples, read, RtmpError, { count: 1000 });
});

Deno.test("a client of AMF3 connects, publishes and sends metadata in it", () => {
  const dialogue = new Dialogue();
  dialogue.push(clientHello());
  dialogue.push(clientAnswer());
  const messages = new ClientMessages();
  const raw = (typeId: number, streamId: number, payload: Uint8Array) =>
    messages.raw({
      chunkStreamId: 3,
      typeId,
      streamId,
      timestampMs: 0,
      payload: Uint8Array.of(0, ...payload),
    });
  const call = (streamId: number, name: string, transactionId: number, ...args: AmfValue[]) =>
    raw(17, streamId, encodeCommand({ name, transactionId, args }));
  const object = amfObject({
    app: "live",
    tcUrl: "rtmp://h/live?t=1",
    objectEncoding: 3,
    fourCcList: strictArray("av01", "*"),
    videoFourCcInfoMap: amfObject({ hvc1: 7 }),
    capsEx: 1,
  });
  call(0, "connect", 1, amf3(object as AmfRecord));
  call(0, "createStream", 2, null);
  call(1, "publish", 3, null, "a", "live");
  raw(15, 1, encodeAmf0("@setDataFrame", "onMetaData", amf3(amfEcmaArray({ width: 640 }))));
  const replies = dialogue.push(messages.take());
  assertEquals(dialogue.kinds(), ["connect", "publish", "metadata"]);
  const [connect, publish, metadata] = dialogue.events;
  if (connect?.kind !== "connect" || metadata?.kind !== "metadata") throw new Error("Not so");
  assertEquals([connect.app, connect.query, connect.objectEncoding], ["live", "t=1", 3]);
  assertEquals(connect.capabilities, {
    fourCcList: ["av01", "*"],
    videoFourCcs: new Map([["hvc1", 7]]),
    audioFourCcs: undefined,
    capsEx: 1,
  });
  assertEquals(publish?.kind === "publish" && publish.name, "a");
  assertEquals(decodeAmf0(metadata.payload), ["onMetaData", amfEcmaArray({ width: 640 })]);
  assertEquals(outline(commandsOf(replies)), [
    ["_result", 1, "NetConnection.Connect.Success"],
    ["_result", 2, 1],
    ["onStatus", 0, "NetStream.Publish.Start"],
  ]);
});
