import { LogState } from "../../stream/log_layout.ts";
import type { StreamMedia } from "../../webrtc/sdp/media_choice.ts";
import type { LiveStream } from "./live_stream.ts";
import type { RtpStream } from "./rtp_stream.ts";
import { timeSlice } from "../time_slice.ts";

/** How long a viewer waits for a stream that has begun to tell what it has. */
const MEDIA_WAIT_MS = 3000;

/** Whether it is decided which tracks the stream has, as soon as it is; not if that takes too long. */
export async function areTracksSettled(stream: LiveStream): Promise<boolean> {
  const { log } = stream;
  const isOver = () => log.state === LogState.ended;
  return await whenKnown(stream, isOver, () => log.tracksSettled || undefined) ?? false;
}

/** What the stream has, as soon as it is known, or `undefined` if that takes too long or it ends. */
export async function knownMedia(
  stream: LiveStream,
  rtp: RtpStream,
): Promise<StreamMedia | undefined> {
  const media = await whenKnown(stream, () => isOver(stream, rtp), () => {
    rtp.audience.notify(performance.now());
    const media = rtp.media();
    return media?.audio === undefined && media?.video === undefined ? undefined : media;
  });
  return media ?? (isOver(stream, rtp) ? undefined : rtp.mediaSoFar());
}

/** What there is to see in the stream, as soon as it is there, unless that takes too long. */
async function whenKnown<T>(
  stream: LiveStream,
  isOver: () => boolean,
  look: () => T | undefined,
): Promise<T | undefined> {
  const deadlineMs = performance.now() + MEDIA_WAIT_MS;
  const share = timeSlice.share("many peers");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, MEDIA_WAIT_MS));
  try {
    while (!isOver()) {
      const wake = stream.log.wake;
      share.begin(performance.now());
      const seen = look();
      await share.pause();
      if (seen !== undefined || performance.now() >= deadlineMs) return seen;
      await Promise.race([stream.log.waitForFlush(wake), late]);
    }
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

/** Whether viewers that came now would be sent nothing. */
export function isOver(stream: LiveStream, rtp: RtpStream): boolean {
  return rtp.isOver || stream.log.state === LogState.ended;
}
