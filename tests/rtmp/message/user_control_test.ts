import { assertEquals } from "@std/assert";
import {
  parseUserControl,
  userControl,
  type UserControlEvent,
} from "../../../src/rtmp/message/user_control.ts";
import { fromHex, toHex } from "../../../testing/mutation.ts";

const EVENTS: [UserControlEvent, number, string][] = [
  [{ kind: "streamBegin", streamId: 1 }, 0, "00000001"],
  [{ kind: "streamEof", streamId: 0xffffffff }, 1, "ffffffff"],
  [{ kind: "streamDry", streamId: 2 }, 2, "00000002"],
  [{ kind: "setBufferLength", streamId: 1, bufferMs: 3000 }, 3, "0000000100000bb8"],
  [{ kind: "streamIsRecorded", streamId: 1 }, 4, "00000001"],
  [{ kind: "pingRequest", timestampMs: 5 }, 6, "00000005"],
  [{ kind: "pingResponse", timestampMs: 5 }, 7, "00000005"],
  [{ kind: "bufferEmpty", streamId: 1 }, 31, "00000001"],
  [{ kind: "bufferReady", streamId: 1 }, 32, "00000001"],
];

for (const [event, eventType, digits] of EVENTS) {
  Deno.test(`user control event ${event.kind} is read and written`, () => {
    const data = fromHex(digits);
    assertEquals(userControl(event), { kind: "userControl", eventType, data });
    assertEquals(parseUserControl({ kind: "userControl", eventType, data }), event);
    const longer = Uint8Array.of(...data, 1, 2, 3);
    assertEquals(parseUserControl({ kind: "userControl", eventType, data: longer }), event);
    for (let length = 0; length < data.length; length++) {
      const cut = { kind: "userControl", eventType, data: data.subarray(0, length) } as const;
      assertEquals(parseUserControl(cut), { kind: "unknown", eventType });
    }
  });
}

Deno.test("other user control events are unknown, and written without data", () => {
  const data = fromHex("0000000000000000");
  for (const eventType of [5, 8, 26, 27, 30, 33, 0xffff]) {
    const event = parseUserControl({ kind: "userControl", eventType, data });
    assertEquals(event, { kind: "unknown", eventType });
    assertEquals(toHex(userControl(event).data), "");
  }
});
