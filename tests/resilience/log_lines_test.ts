/** Every line about somebody has an address, and a name that lasts as long as the connection. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const LINE = /^\S+Z \[\w+\] \w+: (?:\[(\S+)\] )?(.*)$/;

Deno.test("viewers of every protocol come and go under one id, with their address", async () => {
  await using gateway = await startGateway({ args: ["--shards", "1", "--log-level", "debug"] });
  {
    await using _healthy = await HealthyStream.start(gateway);
    using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
    await player.command(1, "play", "healthy", -2);
    await until("the player gets media", () => player.media.length > 0);
    await using viewer = await WhepViewer.open(gateway);
    await until("the viewer is connected", () => /is connected by/.test(gateway.output()));
    await fetch(viewer.resource, { method: "DELETE" });
  }
  await until("all are gone", () => /has published live\/healthy/.test(gateway.output()));
  await until("viewers are gone", () => gateway.output().match(/has watched/g)?.length === 4);
  const lines = gateway.output().split("\n").map((line) => LINE.exec(line)).filter((line) => line);
  const lifes: Record<string, string[]> = {};
  for (const [, id, text] of lines as RegExpExecArray[]) {
    if (id === undefined) throw new Error(`A line without an id: ${text}`);
    assert(/127\.0\.0\.1:\d+/.test(text!), text);
    const said = text!.replaceAll(/127\.0\.0\.1:\d+/g, "PEER").replaceAll(
      /viewer \d\.\w+/g,
      "viewer ID",
    )
      .replaceAll(/\d+(\.\d+)?/g, "N");
    (lifes[id] ??= []).push(said);
  }
  const expected = [
    [begins("http-flv"), ends("http-flv", "it has left")],
    [begins("ws-flv"), ends("ws-flv", "it has left")],
    [/^PEER connects to live /, begins("rtmp"), ends("rtmp", ".*")],
    [/^PEER connects to live /, /^PEER publishes live\/healthy over rtmp/, /^PEER has published/],
    [/^PEER is viewer \w+ of live\/healthy$/],
    [
      begins("whep"),
      /^PEER: a viewer of live\/healthy is connected by udp to PEER$/,
      ends("whep", "it has left"),
    ],
  ];
  for (const life of expected) {
    const found = Object.values(lifes).filter((lines) =>
      life.every((part) => lines.some((line) => part.test(line)))
    );
    assertEquals(found.length, 1, `${life}: ${JSON.stringify(lifes, undefined, 2)}`);
  }
  const answered = /is viewer (\S+) of/.exec(gateway.output())![1]!;
  assert(answered in lifes, answered);
});

/** The access log's first line of a view. */
function begins(protocol: string): RegExp {
  return new RegExp(`^PEER watches live/healthy over ${protocol} \\(open; .+\\)$`);
}

/** Its last line. */
function ends(protocol: string, why: string): RegExp {
  return new RegExp(
    `^PEER has watched live/healthy over ${protocol} for N s, N bytes: ${why}$`,
  );
}
