/** The rules of the house: what each room may import, and what may appear where. */
import { blankText, importsOf, lineAt } from "./source_text.ts";

interface Room {
  /** Rooms whose files may be imported, or single files of them: "shard/messages.ts". */
  readonly rooms: readonly string[];
  /** Packages that may be imported, by the beginning of their name. */
  readonly packages?: readonly string[];
  /** Whether sockets, timers, clocks, `fetch` and `console` may be used. */
  readonly hasEffects?: true;
}

const CODEC_PACKAGES = ["@std/bytes"];
const RUNTIME_PACKAGES = ["@logtape/logtape", "@std/"];

/** Every room of src, and the two files that are no room. A room that is not here fails the test. */
export const ROOMS: Readonly<Record<string, Room>> = {
  bytes: { rooms: [] },
  address: { rooms: [] },
  amf: { rooms: ["bytes"], packages: CODEC_PACKAGES },
  codec: { rooms: ["bytes"], packages: CODEC_PACKAGES },
  flv: { rooms: ["bytes", "codec"], packages: CODEC_PACKAGES },
  rtp: { rooms: ["bytes", "codec"], packages: CODEC_PACKAGES },
  srtp: { rooms: ["bytes"], packages: [...CODEC_PACKAGES, "node:crypto"] },
  ingest: { rooms: ["bytes", "codec", "flv", "rtp"], packages: CODEC_PACKAGES },
  http: { rooms: ["bytes"], packages: [...CODEC_PACKAGES, "@std/http", "node:crypto"] },
  http3: { rooms: ["bytes"], packages: CODEC_PACKAGES },
  proxy: { rooms: ["bytes"], packages: CODEC_PACKAGES },
  tls: { rooms: [], packages: [...CODEC_PACKAGES, "node:buffer", "node:crypto", "node:net"] },
  rtmp: { rooms: ["bytes", "amf"], packages: [...CODEC_PACKAGES, "node:crypto"] },
  webrtc: {
    rooms: ["address", "bytes", "rtp", "srtp"],
    packages: [...CODEC_PACKAGES, "node:buffer", "node:crypto", "node:zlib", "tweetnacl", "werift"],
  },
  audio: {
    rooms: ["bytes", "codec"],
    packages: [...CODEC_PACKAGES, "@audio/decode-aac", "libopus-wasm"],
  },
  stream: { rooms: ["bytes", "flv", "codec"], packages: CODEC_PACKAGES },
  egress: {
    rooms: [
      "stream",
      "amf",
      "flv",
      "rtmp",
      "rtp",
      "srtp",
      // What a viewer's link carries decides what it is sent.
      "webrtc/bandwidth/estimator.ts",
      "codec",
      "bytes",
    ],
    packages: RUNTIME_PACKAGES,
    hasEffects: true,
  },
  transcoding: {
    rooms: ["audio", "metrics", "stream", "flv", "codec", "bytes"],
    hasEffects: true,
  },
  shard: {
    rooms: [
      "access",
      "address",
      "logging",
      "metrics",
      "obs",
      "egress",
      "ingest",
      "stream",
      "flv",
      "http",
      "http3",
      "proxy",
      "rtmp",
      "rtp",
      "srtp",
      "tls",
      "webrtc",
      "audio",
      "codec",
      "bytes",
    ],
    packages: [...RUNTIME_PACKAGES, "node:crypto", "node:stream", "node:tls"],
    hasEffects: true,
  },
  metrics: { rooms: [], packages: ["node:process"], hasEffects: true },
  logging: { rooms: ["address", "bytes"], packages: RUNTIME_PACKAGES, hasEffects: true },
  access: {
    rooms: ["address", "bytes"],
    packages: [...RUNTIME_PACKAGES, "jose", "node:crypto"],
    hasEffects: true,
  },
  obs: { rooms: [], packages: ["valibot"] },
  api: { rooms: [], packages: ["valibot", "@valibot/to-json-schema"] },
  config: { rooms: ["access", "tls"], packages: ["valibot", "node:util"], hasEffects: true },
  control: {
    rooms: [
      "access",
      "address",
      "api",
      "config",
      "metrics",
      "stream",
      "bytes/how_many.ts",
      "codec/codec_words.ts",
      // What it exchanges with workers, and the memory that it shares with them.
      "shard/api_event.ts",
      "shard/messages.ts",
      "shard/shard_settings.ts",
      "shard/http/routing/console_asset.ts",
      "shard/http/routing/forwarded_request.ts",
      "shard/http/api/stream_summary.ts",
      "shard/live/publish_decision.ts",
      "shard/live/revoked_count.ts",
      "shard/live/stream_entry.ts",
      "shard/live/stream_report.ts",
      "shard/net/address_counts.ts",
      "transcoding/messages.ts",
      "transcoding/busy_words.ts",
      "transcoding/transcoding_report.ts",
    ],
    packages: RUNTIME_PACKAGES,
    hasEffects: true,
  },
  cli: { rooms: ["access", "address", "config"], hasEffects: true },
  // Browser code: it runs elsewhere, and its own files are all that it has.
  console: { rooms: [], packages: ["mpegts.js/"], hasEffects: true },
  "gateway.ts": {
    rooms: ["config", "control"],
    packages: RUNTIME_PACKAGES,
    hasEffects: true,
  },
  "main.ts": {
    rooms: ["gateway.ts", "cli", "config", "console", "logging"],
    hasEffects: true,
  },
};

/**
 * Of rooms with sub-rooms: which of these each may import, beside itself. Files that lie in the room
 * itself are for all of them, and may import all of them.
 */
export const SUB_ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  codec: { h264: [], h265: ["h264"], av1: [], vp8: ["vp9"], vp9: [], sound: [] },
  rtmp: {
    handshake: [],
    chunk: [],
    message: ["chunk"],
    session: ["handshake", "chunk", "message"],
  },
  rtp: { receive: [] },
  http3: { qpack: [] },
  webrtc: { ice: [], dtls: [], sdp: ["ice"], bandwidth: [], sctp: ["ice"] },
  shard: {
    net: [],
    live: ["net"],
    rtmp: ["net", "live"],
    webrtc: ["net", "live"],
    webtransport: ["net", "live"],
    // WHEP is asked for by HTTP, which tells of WebTransport as well.
    http: ["net", "live", "webrtc", "webtransport"],
  },
  "shard/http": {
    routing: [],
    sessions: ["routing"],
    api: ["routing"],
    serving: ["routing", "api"],
  },
};

const EFFECTS: Readonly<Record<string, RegExp>> = {
  "Deno": /(?<![\w$.])Deno\s*\./g,
  "timers": /(?<![\w$.])set(?:Timeout|Interval)\b/g,
  "clocks": /(?<![\w$.])(?:Date\s*\.\s*now\b|performance\s*\.\s*now\b|new\s+Date\s*\(\s*\))/g,
  "fetch": /(?<![\w$.])fetch\s*\(/g,
  "console": /(?<![\w$.])console\s*\./g,
  "randomness": /\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomBytes\s*\(/g,
};

const FORBIDDEN_NAMES = /^(?:utils?|misc|helpers?|common|index\.[jt]s|mod\.[jt]s)$/;
const MAX_LINES = 400;

/** Modules made by a build: `main.ts` alone takes those of workers. */
const BUILT = {
  "main.ts": ["dist/shard.js", "dist/transcoding.js", "deno.json", "docs/config.schema.json"],
} as Readonly<
  Record<string, string[]>
>;

/**
 * What a file does against the rules, each as "file:line: rule".
 *
 * @param path as from the repository's root: "src/amf/amf0.ts", "main.ts"
 */
export function violationsOf(path: string, source: string): string[] {
  const violations: string[] = [];
  const report = (line: number, rule: string) => violations.push(`${path}:${line}: ${rule}`);
  for (const part of path.split("/")) {
    const stem = part.replace(/\.(?!.*\.)\w+$/, "");
    if (FORBIDDEN_NAMES.test(part) || FORBIDDEN_NAMES.test(stem)) {
      report(1, `a name says what is inside: not "${part}"`);
    }
  }
  const lines = source.trimEnd().split("\n").length;
  if (lines > MAX_LINES) report(MAX_LINES, `a file has up to ${MAX_LINES} lines, not ${lines}`);
  if (!/\.[jt]s$/.test(path)) return violations;

  const roomName = roomOf(path);
  const room = ROOMS[roomName];
  if (room === undefined) {
    report(1, `the room "${roomName}" is not in the table of rooms`);
    return violations;
  }
  const code = blankText(source);
  for (const { specifier, line } of importsOf(source, code)) {
    const problem = importProblem(path, roomName, room, specifier);
    if (problem !== undefined) report(line, problem);
  }
  const find = (pattern: RegExp, rule: string) => {
    for (const { index } of code.matchAll(pattern)) report(lineAt(source, index), rule);
  };
  find(/(?<![\w$.])import\s*\((?!\s*["'])/g, "an import names its module");
  find(/(?<![\w$.])export\s+default\b/g, "no default exports");
  if (path.endsWith(".ts")) find(/(?<![\w$.])any\b(?!\s*[:(])/g, "no any");
  if (room.hasEffects) return violations;
  for (const [name, pattern] of Object.entries(EFFECTS)) {
    find(pattern, `${roomName} may not use ${name}: pass it in`);
  }
  return violations;
}

/** "amf" for src/amf/amf0.ts; "gateway.ts" for src/gateway.ts; "main.ts". */
function roomOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "src" ? parts[1]! : parts.join("/");
}

function importProblem(
  path: string,
  roomName: string,
  room: Room,
  specifier: string,
): string | undefined {
  if (!specifier.startsWith(".")) {
    const isAllowed = room.packages?.some((name) => specifier.startsWith(name));
    return isAllowed ? undefined : `${roomName} may not import the package ${specifier}`;
  }
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  if (BUILT[path]?.includes(target)) return undefined;
  const targetRoom = roomOf(target);
  if (targetRoom === roomName) return subRoomProblem(path, roomName, target);
  const isAllowed = target.startsWith("src/") &&
    room.rooms.some((name) => name === targetRoom || `src/${name}` === target);
  return isAllowed ? undefined : `${roomName} may not import ${target}`;
}

function subRoomProblem(path: string, roomName: string, target: string): string | undefined {
  if (subRoomOf(path, roomName) !== undefined && SUB_ROOMS[roomName] === undefined) {
    return `the sub-room "${roomName}/${
      subRoomOf(path, roomName)
    }" is not in the table of sub-rooms`;
  }
  // Rooms within rooms keep the same rule.
  const rooms = Object.entries(SUB_ROOMS)
    .filter(([name]) => name === roomName || name.startsWith(`${roomName}/`));
  for (const [name, subRooms] of rooms) {
    const [own, other] = [subRoomOf(path, name), subRoomOf(target, name)];
    if (own !== undefined && subRooms[own] === undefined) {
      return `the sub-room "${name}/${own}" is not in the table of sub-rooms`;
    }
    if (own === undefined || other === undefined || own === other) continue;
    if (!subRooms[own]!.includes(other)) return `${name}/${own} may not import ${target}`;
  }
  return undefined;
}

/** "chunk" for src/rtmp/chunk/reader.ts in "rtmp"; `undefined` for src/rtmp/rtmp_error.ts. */
function subRoomOf(path: string, room: string): string | undefined {
  const within = `src/${room}/`;
  const parts = path.startsWith(within) ? path.slice(within.length).split("/") : [];
  return parts.length > 1 ? parts[0] : undefined;
}
