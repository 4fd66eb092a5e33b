import { assertEquals } from "@std/assert";
import { amfObject, amfProperty, type AmfValue } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import {
  enhancedAnswer,
  type EnhancedCapabilities,
  EXTENDED_CAPABILITY,
  hasExtendedCapability,
  MAX_FOUR_CCS,
  readEnhancedCapabilities,
} from "../../../src/rtmp/message/enhanced_capabilities.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
} from "../../../testing/rtmp/client.ts";
import { Dialogue } from "../session/dialogue.ts";

const strictArray = (...items: AmfValue[]): AmfValue => ({ kind: "strict-array", items });
const NOTHING: EnhancedCapabilities = {
  fourCcList: undefined,
  videoFourCcs: undefined,
  audioFourCcs: undefined,
  capsEx: undefined,
};

const READ: [string, AmfValue, Partial<EnhancedCapabilities>][] = [
  ["nothing", amfObject({ app: "live" }), {}],
  ["no object", null, {}],
  ["a list", amfObject({ fourCcList: strictArray("av01", "hvc1") }), {
    fourCcList: ["av01", "hvc1"],
  }],
  ["a list of everything", amfObject({ fourCcList: strictArray("*") }), { fourCcList: ["*"] }],
  ["an empty list", amfObject({ fourCcList: strictArray() }), { fourCcList: [] }],
  ["a list as ECMA array", amfObject({ fourCcList: amfEcmaArray({ 0: "vp09", 1: "ac-3" }) }), {
    fourCcList: ["vp09", "ac-3"],
  }],
  [
    "entries that are no FourCC",
    amfObject({
      fourCcList: strictArray("avc1", 7, null, "toolong", "a", "\u0000abc", ".mp3"),
    }),
    { fourCcList: ["avc1", ".mp3"] },
  ],
  ["a list that is none", amfObject({ fourCcList: "av01" }), {}],
  [
    "maps as objects",
    amfObject({
      videoFourCcInfoMap: amfObject({ "*": 4, vp09: 3 }),
      audioFourCcInfoMap: amfObject({ Opus: 7 }),
    }),
    { videoFourCcs: new Map([["*", 4], ["vp09", 3]]), audioFourCcs: new Map([["Opus", 7]]) },
  ],
  ["maps as ECMA arrays", amfEcmaArray({ videoFourCcInfoMap: amfEcmaArray({ av01: 1, x: 1 }) }), {
    videoFourCcs: new Map([["av01", 1]]),
  }],
  [
    "a map with values that are no numbers",
    amfObject({
      audioFourCcInfoMap: amfObject({ Opus: "all", fLaC: -1, mp4a: 1.5 }),
    }),
    { audioFourCcs: new Map([["fLaC", 0xffffffff], ["mp4a", 1]]) },
  ],
  ["extended capabilities", amfObject({ capsEx: 15 }), { capsEx: 15 }],
  ["extended capabilities that are nonsense", amfObject({ capsEx: NaN }), { capsEx: 0 }],
  ["extended capabilities as text", amfObject({ capsEx: "1" }), {}],
];

for (const [name, object, expected] of READ) {
  Deno.test(`capabilities of Enhanced RTMP: ${name}`, () => {
    assertEquals(readEnhancedCapabilities(object), { ...NOTHING, ...expected });
  });
}

Deno.test("lists and maps of codecs are read up to a limit", () => {
  const names = (count: number) =>
    Array.from({ length: count }, (_, index) => `x${String(index).padStart(3, "0")}`);
  for (const count of [MAX_FOUR_CCS - 1, MAX_FOUR_CCS, MAX_FOUR_CCS + 1]) {
    const map = amfObject(Object.fromEntries(names(count).map((name) => [name, 4])));
    const read = readEnhancedCapabilities(
      amfObject({ fourCcList: strictArray(...names(count)), videoFourCcInfoMap: map }),
    );
    assertEquals(read.fourCcList?.length, Math.min(count, MAX_FOUR_CCS));
    assertEquals(read.videoFourCcs?.size, Math.min(count, MAX_FOUR_CCS));
  }
});

Deno.test("extended capabilities are asked for together", () => {
  const { RECONNECT, MULTITRACK } = EXTENDED_CAPABILITY;
  const has = (capsEx: number | undefined, bits: number) =>
    hasExtendedCapability({ ...NOTHING, capsEx }, bits);
  assertEquals([has(undefined, 1), has(0, 1), has(2, RECONNECT), has(3, RECONNECT)], [
    false,
    false,
    false,
    true,
  ]);
  assertEquals([has(1, RECONNECT | MULTITRACK), has(3, RECONNECT | MULTITRACK)], [false, true]);
});

Deno.test("each property is answered if it was sent", () => {
  const keys = (asked: Partial<EnhancedCapabilities>) =>
    Object.keys(enhancedAnswer({ ...NOTHING, ...asked }));
  assertEquals(keys({}), []);
  assertEquals(keys({ fourCcList: [] }), ["fourCcList"]);
  assertEquals(keys({ capsEx: 0 }), ["capsEx"]);
  assertEquals(keys({ audioFourCcs: new Map() }), ["videoFourCcInfoMap", "audioFourCcInfoMap"]);
  assertEquals(keys({ videoFourCcs: new Map() }), ["videoFourCcInfoMap", "audioFourCcInfoMap"]);
});

/** The two objects of the answer to a `connect` with these properties. */
function connectAnswer(properties: Record<string, AmfValue>): readonly AmfValue[] {
  const dialogue = new Dialogue();
  dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
  const connect = new ClientMessages().command(
    0,
    "connect",
    1,
    amfObject({ app: "live", tcUrl: "rtmp://h/live", ...properties }),
  );
  return commandsOf(dialogue.push(connect.take()))[0]!.args;
}

Deno.test("a client that says nothing of Enhanced RTMP is told nothing of it", () => {
  const [properties, info] = connectAnswer({});
  const keys = (
    value: AmfValue,
  ) => [...(value as { properties: ReadonlyMap<string, AmfValue> }).properties.keys()];
  assertEquals(keys(properties), ["fmsVer", "capabilities", "mode"]);
  assertEquals(keys(info), ["level", "code", "description", "objectEncoding"]);
});

Deno.test("a client that says all is told all, in both objects", () => {
  const answer = connectAnswer({
    fourCcList: strictArray("av01"),
    videoFourCcInfoMap: amfObject({ av01: 2 }),
    audioFourCcInfoMap: amfObject({}),
    capsEx: 1,
  });
  for (const object of answer) {
    assertEquals(
      amfProperty(object, "fourCcList"),
      strictArray(
        ...["av01", "vp09", "vp08", "hvc1", "avc1"],
        ...["Opus", "fLaC", "ac-3", "ec-3", ".mp3", "mp4a"],
      ),
    );
    assertEquals(amfProperty(object, "capsEx"), 15);
    assertEquals(amfProperty(amfProperty(object, "videoFourCcInfoMap"), "hvc1"), 4);
    assertEquals(amfProperty(amfProperty(object, "audioFourCcInfoMap"), "fLaC"), 4);
    assertEquals(amfProperty(amfProperty(object, "audioFourCcInfoMap"), "hvc1"), undefined);
  }
});

/** A session connected by a client with these extended capabilities. */
function connected(capsEx: number | undefined): Dialogue {
  const dialogue = new Dialogue();
  dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
  const object = amfObject(capsEx === undefined ? { app: "a" } : { app: "a", capsEx });
  dialogue.push(new ClientMessages().command(0, "connect", 1, object).take());
  return dialogue;
}

Deno.test("a capable peer is asked to connect again, and no other", () => {
  for (
    const [capsEx, isCapable] of [[undefined, false], [14, false], [1, true], [15, true]] as const
  ) {
    const dialogue = connected(capsEx);
    const request = { tcUrl: "rtmp://other/live", description: "The server stops." };
    assertEquals(dialogue.session.requestReconnect(request), isCapable);
    const [status] = dialogue.push(new Uint8Array(0));
    assertEquals(status === undefined, !isCapable);
    if (status?.kind !== "command") continue;
    assertEquals(status.streamId, 0);
    assertEquals(status.command, {
      name: "onStatus",
      transactionId: 0,
      args: [
        null,
        amfObject({
          level: "status",
          code: "NetConnection.Connect.ReconnectRequest",
          description: "The server stops.",
          tcUrl: "rtmp://other/live",
        }),
      ],
    });
  }
});

Deno.test("without a URL the peer connects where it was", () => {
  const dialogue = connected(1);
  dialogue.session.requestReconnect({ description: "" });
  const [command] = commandsOf(dialogue.push(new Uint8Array(0)));
  assertEquals(amfProperty(command!.args[1], "tcUrl"), undefined);
});

Deno.test("nobody is asked to connect again before it has connected", () => {
  const { session } = new Dialogue();
  assertEquals(session.requestReconnect({ description: "" }), false);
  assertEquals(session.takeOutput(), undefined);
});
