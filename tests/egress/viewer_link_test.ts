import { assert, assertEquals } from "@std/assert";
import { ViewerLink } from "../../src/egress/viewer_link.ts";

const ROUND_TRIP_MS = 5;

for (const [transport, everyMs] of [["udp", 1000], ["tcp", 250]] as const) {
  Deno.test(`ViewerLink: one that is clear over ${transport} is measured every ${everyMs} ms`, () => {
    const link = new ViewerLink(0, transport);
    link.begun();
    let echoes = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      assert(!link.watch(nowMs, () => 0));
      if (!link.wantsEcho(nowMs)) continue;
      echoes++;
      const { listener } = link;
      listener.takeRoundTrip(ROUND_TRIP_MS, link.echoAsked(nowMs), nowMs + ROUND_TRIP_MS);
    }
    assert(Math.abs(echoes - 10_000 / everyMs) <= 2, `${echoes} in 10 s`);
  });
}

for (
  const [ownDelayMs, what] of [[0, "is narrow"], [300, "is not, if this side was late"]] as const
) {
  Deno.test(`ViewerLink: one whose echoes come 300 ms late ${what}`, () => {
    const link = new ViewerLink(0, "udp", { longestMs: () => ownDelayMs });
    link.begun();
    let narrowings = 0;
    const asked: { readonly sentMs: number; readonly backMs: number }[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      while (asked[0] !== undefined && asked[0].backMs <= nowMs) {
        const { sentMs, backMs } = asked.shift()!;
        link.listener.takeRoundTrip(backMs - sentMs, sentMs, backMs);
      }
      link.sent(2600, nowMs);
      if (link.watch(nowMs, () => 2e6)) narrowings++;
      if (!link.wantsEcho(nowMs)) continue;
      const sentMs = link.echoAsked(nowMs);
      asked.push({ sentMs, backMs: sentMs + ROUND_TRIP_MS + (nowMs < 3000 ? 0 : 300) });
    }
    assertEquals(narrowings, ownDelayMs === 0 ? 1 : 0);
  });
}

/** A clear link whose echoes come at once, until `silentMs`; how often it has become narrow by `endMs`. */
function narrowingsOf(
  link: ViewerLink,
  { silentMs, endMs, changeMs = Infinity, backMs = Infinity }: {
    readonly silentMs: number;
    readonly endMs: number;
    /** When it changes its path, and when the new one answers; by default it does neither. */
    readonly changeMs?: number;
    readonly backMs?: number;
  },
): number {
  let narrowings = 0;
  for (let nowMs = 0; nowMs < endMs; nowMs += 10) {
    if (nowMs === changeMs) link.changePath("udp", nowMs);
    link.sent(2600, nowMs);
    if (link.watch(nowMs, () => 2e6)) narrowings++;
    const answers = nowMs < silentMs || nowMs >= backMs;
    if (nowMs >= changeMs && !answers || !link.wantsEcho(nowMs)) continue;
    const sentMs = link.echoAsked(nowMs);
    const roundTripMs = nowMs < silentMs ? ROUND_TRIP_MS : 40 * ROUND_TRIP_MS;
    if (answers) link.listener.takeRoundTrip(roundTripMs, sentMs, sentMs + roundTripMs);
  }
  return narrowings;
}

Deno.test("ViewerLink: echoes that a path before owes, and its shorter times, make none narrow", () => {
  const begun = () => {
    const link = new ViewerLink(0);
    link.begun();
    return link;
  };
  assertEquals(narrowingsOf(begun(), { silentMs: 3000, endMs: 6000 }), 1);
  const changing = { silentMs: 3000, changeMs: 3100, backMs: 3600, endMs: 20_000 };
  assertEquals(narrowingsOf(begun(), changing), 0);
});

Deno.test("ViewerLink: what it lost while its path changed does not count, and it stays as narrow", () => {
  const link = new ViewerLink(0);
  link.begun();
  assertEquals(narrowingsOf(link, { silentMs: 3000, endMs: 6000 }), 1);
  const { estimateBps } = link.estimator;
  link.changePath("udp", 6000);
  assertEquals(Math.round(link.estimator.estimateBps), Math.round(estimateBps));
  for (const nowMs of [6100, 7000]) link.listener.takeLoss(0.5, nowMs, nowMs - 1000);
  assertEquals([link.isNarrow, link.estimator.state], [true, "clear"]);
});
