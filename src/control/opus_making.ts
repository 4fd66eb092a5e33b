import type { ToShard } from "../shard/messages.ts";
import type { LogStore } from "../stream/log_store.ts";
import type { Directory } from "./directory.ts";
import { OpusDirectory } from "./opus_directory.ts";
import { TranscoderPool, type TranscoderPoolOptions } from "./transcoder_pool.ts";

/** Who makes Opus, and who knows of whom. */
export interface OpusMaking {
  readonly transcoders: TranscoderPool;
  readonly opus: OpusDirectory;
}

/**
 * Has Opus made of the streams of a directory, which is told what becomes of their sound.
 *
 * @param source the transcoders' bundled module
 */
export function openOpusMaking(
  source: string,
  options: TranscoderPoolOptions & { readonly logs: LogStore },
  directory: Pick<Directory, "soundOf" | "logOf">,
  send: (shard: number, message: ToShard) => void,
): OpusMaking {
  const transcoders = new TranscoderPool(source, options, {
    failed: (streamId, reason, audioTrack) => {
      directory.soundOf(streamId)?.failed(reason);
      opus.failed(streamId, reason, audioTrack);
    },
    reported: (streamId, report, audioTrack) =>
      directory.soundOf(streamId)?.take(report, audioTrack),
    ended: (streamId, audioTrack) => opus.ended(streamId, audioTrack),
  });
  const opus = new OpusDirectory(transcoders, {
    send,
    sourceOf: (streamId) => directory.logOf(streamId),
    starved: (streamId) => directory.soundOf(streamId)?.starved(),
  });
  return { transcoders, opus };
}
