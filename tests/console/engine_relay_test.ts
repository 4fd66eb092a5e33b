import { assertEquals } from "@std/assert";
import { EngineRelay } from "../../src/console/engine_relay.js";
import type { EngineListener } from "../../src/console/playback_engine.d.ts";

const LOST = { kind: "network", detail: "The connection was lost" } as const;

/** A relay, the connections that it has made, and what it has told. */
function open() {
  const engines: { listener: EngineListener; layers: unknown[]; isDestroyed: boolean }[] = [];
  const told: string[] = [];
  const relay = new EngineRelay((listener) => {
    const engine = { listener, layers: [] as unknown[], isDestroyed: false };
    engines.push(engine);
    return {
      isConnected: true,
      position: engines.length,
      handleTimeout() {},
      readFigures: () => Promise.resolve({ kind: "flv", receivedBps: 0 }),
      chooseLayer: (layer) => void engine.layers.push(layer),
      destroy: () => void (engine.isDestroyed = true),
    };
  }, {
    onMedia: () => told.push("media"),
    onRelay: () => told.push("relay"),
    onFailure: ({ detail }) => told.push(detail),
  });
  relay.open();
  /** The number of what plays, and of what there is. */
  const state = () => [relay.engine?.position, engines.filter((one) => !one.isDestroyed).length];
  return { relay, engines, told, state };
}

Deno.test("another connection takes over as soon as it has something to show", () => {
  const { engines, told, relay, state } = open();
  engines[0]!.listener.onMedia();
  engines[0]!.listener.onReconnect();
  engines[0]!.listener.onReconnect();
  assertEquals([state(), told], [[1, 2], ["media"]]);
  relay.chooseLayer("1");
  assertEquals(engines.map(({ layers }) => layers), [["1"], ["1"]]);
  engines[1]!.listener.onMedia();
  assertEquals([state(), told], [[2, 1], ["media", "relay", "media"]]);
  // What is gone has nothing to tell.
  engines[0]!.listener.onFailure(LOST);
  engines[0]!.listener.onReconnect();
  assertEquals([state(), told.length], [[2, 1], 3]);
});

Deno.test("one that cannot take over yet is tried again, while the other plays", () => {
  const { engines, told, relay, state } = open();
  engines[0]!.listener.onReconnect();
  engines[1]!.listener.onFailure(LOST);
  assertEquals([state(), told], [[1, 1], []]);
  relay.handleTimeout(performance.now());
  assertEquals(state(), [1, 1]);
  relay.handleTimeout(performance.now() + 1000);
  assertEquals(state(), [1, 2]);
  // Now it is all that there is.
  engines[0]!.listener.onFailure(LOST);
  assertEquals([state(), told], [[3, 1], ["relay"]]);
  engines[2]!.listener.onFailure(LOST);
  assertEquals(told, ["relay", LOST.detail]);
});

Deno.test("nothing is left of a relay that is closed", () => {
  const { engines, relay, state, told } = open();
  engines[0]!.listener.onReconnect();
  relay.close();
  for (const { listener } of engines) listener.onFailure(LOST);
  relay.handleTimeout(performance.now() + 5000);
  assertEquals([state(), told], [[undefined, 0], []]);
});
