import { assertEquals } from "@std/assert";
import type { Allowed } from "../../../src/access/access.ts";
import { PublishLimits } from "../../../src/shard/live/publish_limits.ts";
import type { SentLately } from "../../../src/access/sent_lately.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { Publication, type PublicationDescription } from "../../../src/stream/publication.ts";

/** When the publisher came: by the clock of the process, and since 1970. */
const SINCE_MS = 1000;
const EPOCH_MS = 1_700_000_000_000;

type Size = readonly [number | null, number | null];

const EMPTY = new Publication(
  new LogWriter(LogWriter.allocate(1 << 20), { windowMs: 10_000 }),
  { trackSettleMs: 0 },
).describe();

/** What is published, with video tracks of these sizes. */
function sized(...sizes: readonly Size[]): PublicationDescription {
  const tracks = sizes.map(([width, height]) => ({ kind: "video", width, height }));
  return { ...EMPTY, tracks: tracks as unknown as PublicationDescription["tracks"] };
}

const NO_PICTURES = () => EMPTY;

function limits(allowed: Partial<Allowed>, sent?: SentLately): PublishLimits {
  return new PublishLimits(
    { kind: "allow", decidedBy: "test", ...allowed },
    { nowMs: SINCE_MS, epochMs: EPOCH_MS, sent },
  );
}

Deno.test("PublishLimits: who has none may stay, and nothing is described for it", () => {
  const free = limits({});
  const describe = () => {
    throw new Error("it was described");
  };
  assertEquals(free.reached(SINCE_MS + 1e9, 1e15, describe), undefined);
});

Deno.test("PublishLimits: the right to publish ends at a moment of the calendar", () => {
  const short = limits({ expiresAtMs: EPOCH_MS + 5000 });
  assertEquals(short.reached(SINCE_MS + 4999, 0, NO_PICTURES), undefined);
  assertEquals(short.reached(SINCE_MS + 5000, 0, NO_PICTURES), {
    cause: "expired",
    reason: "The right to publish has expired",
  });
  // One that was over before it came.
  const late = limits({ expiresAtMs: EPOCH_MS - 1 });
  assertEquals(late.reached(SINCE_MS, 0, NO_PICTURES)?.cause, "expired");
});

Deno.test("PublishLimits: pictures of any track may be so wide and so high", () => {
  const hd = limits({ limits: { maxWidth: 1280, maxHeight: 720 } });
  const reason = (...sizes: readonly Size[]) =>
    hd.reached(SINCE_MS, 0, () => sized(...sizes))?.reason;
  assertEquals(reason([1280, 720]), undefined);
  assertEquals(reason([1281, 720]), "Pictures may have up to 1280x720, they have 1281x720");
  assertEquals(reason([1280, 721]), "Pictures may have up to 1280x720, they have 1280x721");
  // An upright picture is not turned.
  assertEquals(reason([720, 1280]), "Pictures may have up to 1280x720, they have 720x1280");
  assertEquals(
    reason([640, 360], [1920, 1080]),
    "Pictures may have up to 1280x720, they have 1920x1080",
  );
  // What is not known yet is no reason.
  assertEquals(reason([null, null]), undefined);
  const high = limits({ limits: { maxHeight: 720 } });
  assertEquals(
    high.reached(SINCE_MS, 0, () => sized([4000, 720])),
    undefined,
  );
  assertEquals(
    high.reached(SINCE_MS, 0, () => sized([4000, 721])),
    { cause: "limit", reason: "Pictures may be up to 720 high, they have 4000x721" },
  );
});

Deno.test("PublishLimits: a rate is of five seconds, and may be a tenth above its limit", () => {
  const slow = limits({ limits: { maxBitrateBps: 8000 } });
  const bytes = (bps: number, ms: number) => bps / 8 * ms / 1000;
  // A key frame at the beginning is no reason.
  assertEquals(slow.reached(SINCE_MS + 1000, bytes(8800, 5000), NO_PICTURES), undefined);
  assertEquals(slow.reached(SINCE_MS + 5000, bytes(8800, 5000), NO_PICTURES), undefined);
  assertEquals(
    slow.reached(SINCE_MS + 10_000, bytes(8800, 5000) + bytes(9000, 5000), NO_PICTURES),
    { cause: "limit", reason: "The bitrate may be up to 8000 bit/s, it is 9000" },
  );
});

Deno.test("PublishLimits: who has sent at once what five seconds may have is not waited for", () => {
  const slow = limits({ limits: { maxBitrateBps: 8000 } });
  assertEquals(slow.reached(SINCE_MS + 1000, 5501, NO_PICTURES)?.cause, "limit");
});

Deno.test("PublishLimits: what the one before has sent counts as its own", () => {
  const sent = { spentMs: 2000, bytes: 5000 };
  const slow = limits({ limits: { maxBitrateBps: 8000 } }, sent);
  assertEquals(slow.sentLately(SINCE_MS, 0), sent);
  assertEquals(slow.reached(SINCE_MS + 1000, 500, NO_PICTURES), undefined);
  assertEquals(slow.sentLately(SINCE_MS + 1000, 500), { spentMs: 3000, bytes: 5500 });
  assertEquals(slow.reached(SINCE_MS + 1000, 501, NO_PICTURES)?.cause, "limit");
  // Its own window begins when that one is over.
  assertEquals(slow.reached(SINCE_MS + 3000, 500, NO_PICTURES), undefined);
  assertEquals(slow.reached(SINCE_MS + 4000, 500 + 5500, NO_PICTURES), undefined);
  assertEquals(limits({}, sent).sentLately(SINCE_MS, 0), undefined);
});

Deno.test("PublishLimits: other limits count at once, for what is sent from then on", () => {
  const free = limits({});
  // For a minute it sends twice what will be allowed, and then half of that.
  let bytes = 0;
  const send = (second: number, bps: number) => {
    bytes += bps / 8;
    return free.reached(SINCE_MS + second * 1000, bytes, () => sized([1920, 1080]));
  };
  for (let second = 1; second <= 60; second++) assertEquals(send(second, 16_000), undefined);
  const changed = (given: NonNullable<Allowed["limits"]>) =>
    free.change({ kind: "allow", decidedBy: "test", limits: given });
  changed({ maxBitrateBps: 8000 });
  for (let second = 61; second <= 80; second++) assertEquals(send(second, 4000), undefined);
  changed({ maxDurationMs: 81_001 });
  assertEquals(send(81, 4000), undefined);
  changed({ maxHeight: 720 });
  assertEquals(send(82, 4000)?.reason, "Pictures may be up to 720 high, they have 1920x1080");
  changed({ maxDurationMs: 83_000 });
  assertEquals(send(83, 4000)?.reason, "It may be published for up to 83000 ms");
});
