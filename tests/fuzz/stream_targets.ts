import type { SharedLog } from "../../src/stream/log_arena.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import type { TrackSelection } from "../../src/stream/track_selection.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { AUDIO_BODY_SAMPLES, VIDEO_BODY_SAMPLES } from "../../testing/media/corpus.ts";
import {
  ENHANCED_AUDIO_SAMPLES,
  ENHANCED_VIDEO_SAMPLES,
  MULTITRACK_AUDIO_SAMPLES,
  MULTITRACK_VIDEO_SAMPLES,
} from "./flv_samples.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** What may leave a publication: it throws nothing. */
class NothingAtAll extends Error {}

/** Messages to one publication after another: a publisher is never the reason for an exception. */
export const STREAM_TARGETS: readonly FuzzTarget[] = [
  {
    name: "published-video",
    corpus: [...VIDEO_BODY_SAMPLES, ...ENHANCED_VIDEO_SAMPLES, ...MULTITRACK_VIDEO_SAMPLES],
    allowed: NothingAtAll,
    run: publishTo("video"),
  },
  {
    name: "published-audio",
    corpus: [...AUDIO_BODY_SAMPLES, ...ENHANCED_AUDIO_SAMPLES, ...MULTITRACK_AUDIO_SAMPLES],
    allowed: NothingAtAll,
    run: publishTo("audio"),
  },
];

const SELECTIONS: readonly TrackSelection[] = [
  { audio: true, video: true },
  { audio: true, video: true, audioTrack: 1, videoTrack: 1 },
  { audio: false, video: true, videoTrack: 0 },
];

/** Messages to one publisher; the next one takes over its stream. */
const MESSAGES_PER_PUBLISHER = 500;

/** Publishers of one stream; then there is another stream. */
const PUBLISHERS_PER_STREAM = 8;

/** What viewers get is read strictly, and what is wrong with it is an exception of its own. */
function publishTo(track: "video" | "audio"): (body: Uint8Array) => void {
  let count = 0;
  let shared: SharedLog;
  let publication: Publication;
  let viewers: (() => void)[] = [];
  return (body) => {
    const isNewStream = count % (MESSAGES_PER_PUBLISHER * PUBLISHERS_PER_STREAM) === 0;
    if (isNewStream) shared = LogWriter.allocate(1 << 18);
    if (count % MESSAGES_PER_PUBLISHER === 0) {
      const writer = new LogWriter(shared, { windowMs: 2000 });
      publication = new Publication(writer, { trackSettleMs: 100 });
    }
    if (isNewStream) viewers = SELECTIONS.map((selection) => openViewer(shared, selection));
    const timestampMs = 10 * count++;
    publication[track](timestampMs, body, timestampMs);
    publication.describe();
    for (const read of viewers) read();
  };
}

function openViewer(shared: SharedLog, selection: TrackSelection): () => void {
  const feed = new Feed(new LogReader(shared), selection);
  const cursor = new Cursor(feed);
  const reader = new FlvReader({ strict: true });
  return () => {
    feed.update();
    for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) reader.push(piece);
    try {
      while (reader.next() !== undefined);
    } catch (error) {
      throw new Error("Viewers got what is no FLV", { cause: error });
    }
  };
}
