/** What a token says about its end counts for a view that goes on, by every way to watch. */
import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { OFFERS } from "../../testing/webrtc/offers.ts";
import { until } from "../../testing/waiting.ts";
import { signJwt, WAYS_TO_PLAY } from "./access_ways.ts";

const SECRET = "a-secret-of-both-sides-that-is-long-enough";

Deno.test("a token that expires ends what it let in, by every way to watch", async () => {
  await using gateway = await startGateway({
    config: {
      access: {
        rules: [{ decision: "allow", actions: ["publish"] }],
        jwt: { secret: SECRET, endAtExpiry: true, clockSkewMs: 0 },
      },
    },
  });
  await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path: "live/a" });
  publisher.run();
  const long = await signJwt(SECRET, { play: "live/a" });
  const flv = WAYS_TO_PLAY["HTTP-FLV"]!.way;
  await until("it is there", async () => await flv(gateway, "live/a", long) === "200");
  const staying = await fetch(gateway.httpUrl(`/live/a.flv?token=${long}`));
  const seconds = 3;
  const token = await signJwt(SECRET, { play: "live/a" }, seconds);
  const path = `/live/a.flv?token=${token}`;

  using player = await RtmpPlayerClient.connect(gateway.rtmpPort);
  await player.command(1, "play", `a?token=${token}`);
  const { body } = await fetch(gateway.httpUrl(path));
  const socket = new WebSocket(gateway.httpUrl(path).replace("http:", "ws:"));
  const closed = Promise.withResolvers<void>();
  socket.onclose = () => closed.resolve();
  const whep = await fetch(gateway.httpUrl("/live/a/whep"), {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
    body: OFFERS.chromium,
  });
  const resource = new URL(whep.headers.get("location")!, gateway.httpUrl("/live/a/whep"));
  assertEquals([whep.status, await whep.text().then((sdp) => sdp.length > 0)], [201, true]);
  const beganMs = performance.now();
  const ended = async () => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(resource, { headers });
    await answer.body!.cancel();
    return answer.status === 404;
  };
  assertEquals(await ended(), false);
  await Promise.all([
    player.ends(),
    body!.pipeTo(new WritableStream()),
    closed.promise,
    until("the session is over", ended),
  ]);
  const spentMs = performance.now() - beganMs;
  assert(spentMs < seconds * 1000 + 2500, `${spentMs} ms`);
  for (const { way } of Object.values(WAYS_TO_PLAY)) {
    assert(/403|Failed/.test(await way(gateway, "live/a", token)));
  }
  assert(!(await staying.body!.getReader().read()).done);
  assertEquals(gateway.output().match(/: its time is over/g)?.length, 4);
});
