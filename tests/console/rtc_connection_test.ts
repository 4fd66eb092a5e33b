import { assertEquals } from "@std/assert";
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  INTERRUPTION_TIMEOUT_MS,
  RtcConnection,
} from "../../src/console/rtc_connection.js";

type Event =
  | readonly ["answer", number]
  | readonly ["peer", RTCIceConnectionState, RTCPeerConnectionState, number]
  | readonly ["closing"]
  | readonly ["time", number];

const CONNECT: readonly Event[] = [
  ["answer", 100],
  ["peer", "checking", "connecting", 120],
  ["peer", "connected", "connecting", 150],
  ["peer", "connected", "connected", 200],
];

Deno.test("RtcConnection follows the browser and gives up in time", () => {
  const table: { name: string; events: readonly Event[]; state: string; end?: string }[] = [
    { name: "new", events: [["time", ANSWER_TIMEOUT_MS - 1]], state: "connecting" },
    {
      name: "no answer",
      events: [["time", ANSWER_TIMEOUT_MS]],
      state: "failed",
      end: "unanswered",
    },
    {
      name: "the answer starts the time anew",
      events: [["answer", 9000], ["time", 9000 + CONNECT_TIMEOUT_MS - 1]],
      state: "connecting",
    },
    {
      name: "no path in time",
      events: [
        ["answer", 100],
        ["peer", "checking", "connecting", 120],
        ["time", 100 + CONNECT_TIMEOUT_MS],
      ],
      state: "failed",
      end: "unreachable",
    },
    {
      name: "the browser finds no path",
      events: [["answer", 100], ["peer", "failed", "failed", 5000]],
      state: "failed",
      end: "unreachable",
    },
    {
      name: "a path that is lost before it was of use",
      events: [["answer", 100], ["peer", "disconnected", "disconnected", 5000]],
      state: "connecting",
    },
    {
      name: "a path, but no DTLS",
      events: [...CONNECT.slice(0, 3), ["time", 100 + CONNECT_TIMEOUT_MS]],
      state: "failed",
      end: "insecure",
    },
    { name: "connected", events: [...CONNECT, ["time", 1e9]], state: "connected" },
    {
      name: "interrupted for a while",
      events: [
        ...CONNECT,
        ["peer", "disconnected", "disconnected", 50_000],
        ["time", 50_000 + INTERRUPTION_TIMEOUT_MS - 1],
      ],
      state: "disconnected",
    },
    {
      name: "each event during an interruption leaves its time",
      events: [
        ...CONNECT,
        ["peer", "connected", "disconnected", 50_000],
        ["peer", "disconnected", "disconnected", 54_000],
        ["time", 50_000 + INTERRUPTION_TIMEOUT_MS],
      ],
      state: "failed",
      end: "lost",
    },
    {
      name: "interrupted and back, twice",
      events: [
        ...CONNECT,
        ["peer", "disconnected", "disconnected", 50_000],
        ["peer", "connected", "connected", 54_000],
        ["peer", "disconnected", "disconnected", 55_000],
        ["time", 57_000],
      ],
      state: "disconnected",
    },
    {
      name: "failed, and nothing after it counts",
      events: [...CONNECT, ["peer", "failed", "failed", 300], [
        "peer",
        "connected",
        "connected",
        301,
      ]],
      state: "failed",
      end: "lost",
    },
    {
      name: "closed by the browser",
      events: [...CONNECT, ["peer", "connected", "closed", 300]],
      state: "failed",
      end: "lost",
    },
    {
      name: "closed by the gateway's DTLS alert",
      events: [...CONNECT, ["closing"], ["peer", "connected", "connected", 300]],
      state: "failed",
      end: "closed",
    },
    {
      name: "closed by the gateway before DTLS was up",
      events: [...CONNECT.slice(0, 3), ["closing"]],
      state: "failed",
      end: "insecure",
    },
    {
      name: "closed once more than enough",
      events: [["time", ANSWER_TIMEOUT_MS], ["closing"]],
      state: "failed",
      end: "unanswered",
    },
  ];
  for (const { name, events, state, end } of table) {
    const connection = new RtcConnection(0);
    for (const event of events) {
      if (event[0] === "answer") connection.handleAnswer(event[1]);
      else if (event[0] === "closing") connection.handleClosing();
      else if (event[0] === "time") connection.handleTimeout(event[1]);
      else connection.handlePeer(event[1], event[2], event[3]);
    }
    assertEquals([connection.state, connection.end], [state, end], name);
  }
});
