/** The publishers' process: publishes one file under many names in real time. */
import { answerLines } from "./child_process.ts";
import { type LoopPublisher, loopStarter, type PublishProtocol } from "./publishing.ts";

/** What the parent may ask, one at a time. */
export type PublishersCommand =
  /** Publishes `bench0` to `bench{count - 1}` in `live`. */
  | {
    readonly kind: "open";
    readonly protocol: PublishProtocol;
    readonly port: number;
    readonly count: number;
    readonly file: string;
  }
  | { readonly kind: "report" };

/** Sums over all publishers since they started. */
export interface PublishersReport {
  readonly publishers: number;
  readonly bytesSent: number;
  readonly stalls: number;
  readonly keyFramesAsked: number;
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** Fine enough to send video and audio messages one by one, as encoders do. */
const TICK_MS = 5;
/** Each has its own part of a tick, so many in all. */
const TURNS = 5;

/** The source's time from key frame to key frame, over which publishers' starts are spread. */
const START_SPREAD_MS = 2000;

const publishers: LoopPublisher[] = [];

async function open(command: PublishersCommand & { kind: "open" }): Promise<void> {
  const { protocol, port, count, file } = command;
  const start = await loopStarter(protocol, file);
  let turn = 0;
  setInterval(() => {
    const tickMs = performance.now();
    // Not all at once: publishers know nothing of each other.
    for (let at = turn; at < publishers.length; at += TURNS) publishers[at]!.tick(tickMs);
    turn = (turn + 1) % TURNS;
  }, TICK_MS / TURNS);
  for (let index = 0; index < count; index++) {
    publishers.push(await start({ port, name: `bench${index}`, keyFrame: index }));
    await new Promise((resolve) => setTimeout(resolve, START_SPREAD_MS / count));
  }
}

function report(): PublishersReport {
  const failed = publishers.filter(({ failure }) => failure !== undefined);
  return {
    publishers: publishers.length,
    bytesSent: publishers.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    stalls: publishers.reduce((sum, { stalls }) => sum + stalls, 0),
    keyFramesAsked: publishers.reduce((sum, { keyFramesAsked }) => sum + keyFramesAsked, 0),
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
