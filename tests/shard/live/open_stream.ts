import type { ControlLink } from "../../../src/shard/control_link.ts";
import { LiveStream } from "../../../src/shard/live/live_stream.ts";
import { LogState } from "../../../src/stream/log_layout.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { NO_EVENTS, streamOptions } from "../test_streams.ts";

/** A stream as a shard has it, and what writes its log. */
export function openStream(control = {} as ControlLink) {
  const log = LogWriter.allocate(1 << 20);
  const writer = new LogWriter(log, { windowMs: 10_000 });
  const entry = { streamId: 1, path: "live/a", log };
  const stream = new LiveStream(entry, control, streamOptions(), NO_EVENTS);
  const close = async () => {
    writer.setState(LogState.ended);
    // Waiting for a log keeps no event loop going.
    const timer = setInterval(() => {}, 10);
    await stream.close();
    clearInterval(timer);
  };
  return { stream, writer, close };
}
