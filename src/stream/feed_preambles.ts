import { concat } from "@std/bytes/concat";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../flv/tag.ts";
import type { TrackSelection } from "./track_selection.ts";
import type { FeedForm } from "./feed_form.ts";
import type { LogReader } from "./log_reader.ts";
import type { TrackName } from "./timeline.ts";

/** What viewers of a feed are sent before frames: once for all, in the feed's form. */
export class FeedPreambles {
  readonly #log: LogReader;
  readonly #selection: TrackSelection;
  readonly #form: FeedForm;
  /** What the log's was before the newest update of the feed: it goes with what that copied. */
  #version = -1;
  /** By what viewers lack. */
  readonly #known = new Map<TrackName | undefined, Uint8Array<ArrayBuffer>>();

  constructor(log: LogReader, selection: TrackSelection, form: FeedForm) {
    this.#log = log;
    this.#selection = selection;
    this.#form = form;
  }

  /** The feed is about to copy what the log has got. */
  update(): void {
    const { preambleVersion } = this.#log;
    if (preambleVersion === this.#version) return;
    this.#version = preambleVersion;
    this.#known.clear();
  }

  /** See `Feed.preamble`. */
  preamble(lacks: TrackName | undefined): Uint8Array<ArrayBuffer> | undefined {
    const known = this.#known.get(lacks);
    if (known !== undefined) return known;
    const log = this.#log.preamble(this.#selection);
    if (log === undefined || this.#log.preambleVersion !== this.#version) return undefined;
    const { audio, video } = this.#selection;
    const header = this.#form.header({
      hasAudio: log.hasAudio && audio && lacks !== "audio",
      hasVideo: log.hasVideo && video && lacks !== "video",
    });
    // At timestamp 0, wherever the viewer begins: ffmpeg takes later metadata for subtitles.
    const tags = log.tags
      .filter(({ type }) => {
        const track = trackOf(type);
        return track === undefined || this.#selection[track] && track !== lacks;
      })
      .map(({ type, body }) =>
        this.#form.encode(type, 0, type === TAG_SCRIPT ? this.#metadata(body) : body)
      );
    const bytes = concat([header, ...tags]);
    this.#known.set(lacks, bytes);
    return bytes;
  }

  /** What is left out of a viewer's choice is told to nobody; what is only late is still to come. */
  #metadata(body: Uint8Array): Uint8Array {
    const { audio, video } = this.#selection;
    if (audio && video) return body;
    return this.#form.metadataWithout?.(audio ? "video" : "audio", body) ?? body;
  }

  /**
   * See `Feed.configurations`.
   *
   * @param timestampMsOf what those of a track have
   */
  configurations(
    tracks: readonly TrackName[],
    timestampMsOf: (track: TrackName) => number,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (this.#log.preambleVersion !== this.#version) return undefined;
    const tags = this.#log.preamble(this.#selection)?.tags;
    return tags && concat(tags.flatMap(({ type, body }) => {
      const track = trackOf(type);
      if (track === undefined || !this.#selection[track] || !tracks.includes(track)) return [];
      return [this.#form.encode(type, timestampMsOf(track), body)];
    }));
  }
}

function trackOf(tagType: number): TrackName | undefined {
  return tagType === TAG_AUDIO ? "audio" : tagType === TAG_VIDEO ? "video" : undefined;
}
