/** The process of WebRTC viewers: they join as its parent commands, and it reports what they got. */
import { createDtlsCertificate } from "../src/webrtc/dtls/certificate.ts";
import { answerLines } from "./child_process.ts";
import { type WhepAddress, WhepViewer } from "./whep_viewer.ts";

/** What the parent may ask, one at a time. */
export type WhepViewersCommand =
  /** Viewers that stay; answered when all have asked. */
  | {
    readonly kind: "open";
    readonly address: WhepAddress;
    readonly count: number;
    readonly joinsPerSecond: number;
  }
  /** Viewers that leave soon after their first key frame, one after another or all at once. */
  | {
    readonly kind: "join";
    readonly address: WhepAddress;
    readonly count: number;
    readonly order: "serial" | "storm";
    /** How long they stay: what was sent to catch up with the stream has arrived by then. */
    readonly stayMs: number;
  }
  /** Counts of the next report start here. */
  | { readonly kind: "mark" }
  | { readonly kind: "report" }
  /** All viewers that stay end; answered by a report on them. */
  | { readonly kind: "leave" };

/** What one viewer waited for, from before its POST; `undefined`: it never came. */
export interface WhepJoin {
  readonly answerMs: number | undefined;
  readonly checkMs: number | undefined;
  readonly keysMs: number | undefined;
  readonly firstPacketMs: number | undefined;
  readonly firstKeyFrameMs: number | undefined;
  /** Received until it left. */
  readonly packets: number;
  readonly failure: string | undefined;
}

/** Sums over all viewers that stay, since the mark; errors and checks since they joined. */
export interface WhepViewersReport {
  readonly viewers: number;
  readonly ms: number;
  readonly packets: number;
  readonly bytes: number;
  readonly videoFrames: number;
  readonly fewestVideoFrames: number;
  readonly gaps: number;
  readonly lost: number;
  /** Packets behind the newest of their source. */
  readonly late: number;
  readonly checked: number;
  readonly senderReports: number;
  /** Checks of consent that were not answered. */
  readonly unanswered: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  /** Of the viewers that stay, or of the `join` that is answered. */
  readonly joins: readonly WhepJoin[];
}

interface Counts {
  packets: number;
  bytes: number;
  videoFrames: number;
  gaps: number;
  lost: number;
  late: number;
}

const TICK_MS = 25;
/** A join that takes longer than this hangs. */
const JOIN_TIMEOUT_MS = 10_000;
/** A check on its way when the report is made is not unanswered. */
const CHECKS_ON_THE_WAY = 1;
const VIDEO_CLOCK_RATE_HZ = 90_000;

const certificate = await createDtlsCertificate();
const staying: { readonly viewer: WhepViewer; atMark: Counts }[] = [];
const ticking = new Set<WhepViewer>();
let markedMs = performance.now();

function countsOf({ media, tracks }: WhepViewer): Counts {
  const counts = { packets: 0, bytes: 0, videoFrames: 0, gaps: 0, lost: 0, late: 0 };
  const video = tracks.find(({ clockRateHz }) => clockRateHz === VIDEO_CLOCK_RATE_HZ);
  for (const source of media?.sources ?? []) {
    counts.packets += source.packets;
    counts.bytes += source.bytes;
    counts.gaps += source.gaps;
    counts.lost += source.lost;
    counts.late += source.late;
    if (source.payloadType === video?.payloadType) counts.videoFrames += source.markers;
  }
  return counts;
}

function joinOf({ times, media, failure }: WhepViewer): WhepJoin {
  return {
    answerMs: times.answerMs,
    checkMs: times.checkMs,
    keysMs: times.keysMs,
    firstPacketMs: media?.firstPacketMs,
    firstKeyFrameMs: media?.firstKeyFrameMs,
    packets: media?.sources.reduce((sum, { packets }) => sum + packets, 0) ?? 0,
    failure: failure ?? media?.firstError,
  };
}

function startViewer(address: WhepAddress): WhepViewer {
  const viewer = new WhepViewer(address, certificate);
  ticking.add(viewer);
  return viewer;
}

async function open(command: WhepViewersCommand & { kind: "open" }): Promise<void> {
  const joined: Promise<void>[] = [];
  for (let index = 0; index < command.count; index++) {
    const viewer = startViewer(command.address);
    staying.push({ viewer, atMark: countsOf(viewer) });
    joined.push(viewer.join());
    await delay(1000 / command.joinsPerSecond);
  }
  await Promise.all(joined);
}

/** Joins, waits for the key frame, stays a little, and leaves. */
async function joinOnce(address: WhepAddress, stayMs: number): Promise<WhepJoin> {
  const viewer = startViewer(address);
  const keyFrame = viewer.untilKeyFrame();
  const timedOut = Promise.withResolvers<void>();
  const timer = setTimeout(timedOut.resolve, JOIN_TIMEOUT_MS);
  await viewer.join();
  await Promise.race([keyFrame, timedOut.promise]);
  clearTimeout(timer);
  await delay(stayMs);
  const join = joinOf(viewer);
  ticking.delete(viewer);
  await viewer.leave();
  return { ...join, failure: join.failure ?? viewer.failure };
}

async function join(command: WhepViewersCommand & { kind: "join" }): Promise<WhepJoin[]> {
  const { address, count, order, stayMs } = command;
  if (order === "storm") {
    return await Promise.all(Array.from({ length: count }, () => joinOnce(address, stayMs)));
  }
  const joins: WhepJoin[] = [];
  for (let index = 0; index < count; index++) joins.push(await joinOnce(address, stayMs));
  return joins;
}

async function leave(): Promise<WhepViewersReport> {
  await Promise.all(staying.map(({ viewer }) => viewer.leave()));
  const last = report();
  ticking.clear();
  staying.length = 0;
  return last;
}

function report(joins?: readonly WhepJoin[]): WhepViewersReport {
  const viewers = staying.map(({ viewer }) => viewer);
  const since = staying.map(({ viewer, atMark }) => difference(countsOf(viewer), atMark));
  const failures = viewers.flatMap(({ failure }) => failure ?? []);
  const medias = viewers.flatMap(({ media }) => media ?? []);
  const frames = since.map(({ videoFrames }) => videoFrames);
  return {
    viewers: staying.length,
    ms: performance.now() - markedMs,
    packets: sum(since.map(({ packets }) => packets)),
    bytes: sum(since.map(({ bytes }) => bytes)),
    videoFrames: sum(frames),
    fewestVideoFrames: frames.length === 0 ? 0 : Math.min(...frames),
    gaps: sum(since.map(({ gaps }) => gaps)),
    lost: sum(since.map(({ lost }) => lost)),
    late: sum(since.map(({ late }) => late)),
    checked: sum(medias.map(({ checked }) => checked)),
    senderReports: sum(medias.map(({ senderReports }) => senderReports)),
    unanswered: sum(
      viewers.map(({ checks, consents }) => Math.max(0, checks - consents - CHECKS_ON_THE_WAY)),
    ),
    errors: failures.length + sum(medias.map(({ errors }) => errors)),
    firstError: failures[0] ?? medias.find(({ errors }) => errors > 0)?.firstError,
    joins: joins ?? viewers.map(joinOf),
  };
}

function difference(now: Counts, before: Counts): Counts {
  return {
    packets: now.packets - before.packets,
    bytes: now.bytes - before.bytes,
    videoFrames: now.videoFrames - before.videoFrames,
    gaps: now.gaps - before.gaps,
    lost: now.lost - before.lost,
    late: now.late - before.late,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  setInterval(() => {
    for (const viewer of ticking) viewer.tick();
  }, TICK_MS);
  await answerLines<WhepViewersCommand, WhepViewersReport>(async (command) => {
    switch (command.kind) {
      case "open":
        await open(command);
        break;
      case "join":
        return report(await join(command));
      case "mark":
        markedMs = performance.now();
        for (const entry of staying) entry.atMark = countsOf(entry.viewer);
        break;
      case "leave":
        return await leave();
      case "report":
        break;
    }
    return report();
  });
  Deno.exit(0);
}
