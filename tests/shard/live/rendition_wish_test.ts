import { assertEquals } from "@std/assert";
import type { LiveStream } from "../../../src/shard/live/live_stream.ts";
import type { RtpStream } from "../../../src/shard/live/rtp_stream.ts";
import { type RenditionWish, ViewerRenditions } from "../../../src/shard/live/viewer_renditions.ts";
import type { Rendition } from "../../../src/stream/renditions.ts";
import type { ListedTrack } from "../../../src/stream/track_list.ts";

const SIZES = [[5, 1280, 720], [0, 640, 360], [7, null, null], [2, 320, 180]] as const;

/** Of a viewer of a stream with these tracks, the largest first. */
function open(sizes: readonly (readonly [number, number | null, number | null])[]) {
  const list = sizes.map(([trackId, width, height]) =>
    ({ trackId, width, height }) as Partial<Rendition>
  );
  const stream = {
    log: { tracks: [] },
    renditions: { recent: () => list.length > 1 ? list : [] },
  } as unknown as LiveStream;
  return new ViewerRenditions(stream, {} as RtpStream, 0);
}

Deno.test("ViewerRenditions: what a viewer is sent is of those that it wants", () => {
  const cases: readonly (readonly [wish: RenditionWish, trackIds: number[]])[] = [
    [{}, [5, 0, 7, 2]],
    [{ trackId: 7 }, [7]],
    [{ trackId: 2, maxWidth: 10_000 }, [2]],
    [{ maxWidth: 640 }, [0, 2]],
    [{ maxHeight: 300 }, [2]],
    [{ maxWidth: 640, maxHeight: 200 }, [2]],
    // None is so small: the smallest.
    [{ maxWidth: 100 }, [2]],
    // There is no such track any more: all as before.
    [{ trackId: 9 }, [5, 0, 7, 2]],
    [{}, [5, 0, 7, 2]],
  ];
  const renditions = open(SIZES);
  for (const [wish, trackIds] of cases) {
    renditions.choose(wish);
    assertEquals(renditions.list(0).map(({ trackId }) => trackId), trackIds);
  }
  assertEquals(renditions.trackIds(0), [5, 0, 7, 2]);
});

Deno.test("ViewerRenditions: where there is but one, there is no choice", () => {
  const renditions = open([[0, 640, 360]]);
  renditions.choose({ maxWidth: 10 });
  assertEquals(renditions.list(0), []);
  assertEquals(renditions.trackIds(0), [0]);
});

Deno.test("ViewerRenditions: the default track is the publisher's, who may be another one", () => {
  const log: { tracks: Pick<ListedTrack, "name" | "trackId" | "isDefault">[] } = { tracks: [] };
  const stream = { log, renditions: { recent: () => [] } } as unknown as LiveStream;
  const renditions = new ViewerRenditions(stream, {} as RtpStream, 0);
  assertEquals([renditions.firstTrackId, renditions.isOpen(0)], [0, true]);
  log.tracks = [{ name: "video", trackId: 5, isDefault: true }];
  const open = [0, 5].map((trackId) => renditions.isOpen(trackId));
  assertEquals([renditions.firstTrackId, ...open], [5, false, true]);
});
