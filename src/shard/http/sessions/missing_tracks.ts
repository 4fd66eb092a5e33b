import { STATUS_CODE } from "@std/http/status";
import type { WholeResponse } from "../../../http/response.ts";
import { LogState } from "../../../stream/log_layout.ts";
import type { TrackSelection } from "../../../stream/track_selection.ts";
import { areTracksSettled } from "../../live/known_media.ts";
import type { LiveStream } from "../../live/live_stream.ts";
import { missingTrack } from "../../live/track_query.ts";
import { problem } from "../routing/answers.ts";
import { notLive, notToldYet } from "./whep_answers.ts";

/** The answer to who names a track that is not there: nothing is made of one that may not be. */
export async function refusalIfMissing(
  stream: LiveStream,
  selection: TrackSelection,
): Promise<WholeResponse | undefined> {
  const { log } = stream;
  if (selection.audioTrack === undefined && selection.videoTrack === undefined) return undefined;
  const isSettled = await areTracksSettled(stream);
  if (log.state === LogState.ended) return notLive(stream.entry.path);
  if (!isSettled) return notToldYet();
  const missing = missingTrack(selection, log);
  return missing === undefined ? undefined : problem(STATUS_CODE.NotFound, missing);
}
