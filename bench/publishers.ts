/** The publishers' process: publishes one file under many names in real time. */
import { answerLines } from "./child_process.ts";
import { makeRtmpLoop } from "./rtmp_loop.ts";
import { RtmpPublisher } from "./rtmp_publisher.ts";

/** What the parent may ask, one at a time. */
export type PublishersCommand =
  /** Publishes `bench0` to `bench{count - 1}` in `live`. */
  | { readonly kind: "open"; readonly port: number; readonly count: number; readonly file: string }
  | { readonly kind: "report" };

/** Sums over all publishers since they started. */
export interface PublishersReport {
  readonly publishers: number;
  readonly bytesSent: number;
  readonly stalls: number;
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** Fine enough to send video and audio messages one by one, as encoders do. */
const TICK_MS = 5;

/** The source's time from key frame to key frame, over which publishers' starts are spread. */
const START_SPREAD_MS = 2000;

const publishers: RtmpPublisher[] = [];
const nowMs = () => performance.now();

async function open({ port, count, file }: PublishersCommand & { kind: "open" }): Promise<void> {
  const loop = makeRtmpLoop(await Deno.readFile(file));
  setInterval(() => {
    const tickMs = nowMs();
    for (const publisher of publishers) publisher.tick(tickMs);
  }, TICK_MS);
  for (let index = 0; index < count; index++) {
    const at = loop.keyFrames[index % loop.keyFrames.length]!;
    publishers.push(await RtmpPublisher.start(port, `bench${index}`, loop, at, nowMs));
    await new Promise((resolve) => setTimeout(resolve, START_SPREAD_MS / count));
  }
}

function report(): PublishersReport {
  const failed = publishers.filter(({ failure }) => failure !== undefined);
  return {
    publishers: publishers.length,
    bytesSent: publishers.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    stalls: publishers.reduce((sum, { stalls }) => sum + stalls, 0),
    errors: failed.length,
    firstError: failed[0]?.failure,
  };
}

if (import.meta.main) {
  await answerLines<PublishersCommand, PublishersReport>(async (command) => {
    if (command.kind === "open") await open(command);
    return report();
  });
  Deno.exit(0);
}
