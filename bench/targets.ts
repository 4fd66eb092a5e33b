import { ChildProcess } from "./child_process.ts";

/** A server under test. */
export interface Target {
  /** As it appears in tables, with its options. */
  readonly name: string;
  /** Ways in which it is watched here. */
  readonly ways: readonly ("http" | "ws" | "rtmp" | "whep")[];
  /** @param settings beside those of the benchmark, for Sluice alone */
  start(settings?: Readonly<Record<string, unknown>>): Promise<RunningServer>;
}

/** A started server that accepts publishers and viewers on loopback. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly rtmpPort: number;
  readonly httpPort: number;
}

/** Bounds the wait for a server that does not come up. */
const READY_TIMEOUT_MS = 15_000;
const READY_POLL_MS = 50;

const ROOT = new URL("..", import.meta.url).pathname;

export const NODE_MEDIA_SERVER_VERSION = "4.4.3";

/** Here, all viewers and publishers come from one address. */
const SLUICE_CONFIG = {
  limits: {
    streamsPerAddress: 1000,
    viewers: 100_000,
    httpConnections: 100_000,
    httpConnectionsPerAddress: 100_000,
    rtmpNewcomersPerAddress: 500,
    rtmpPlayers: 100_000,
    rtmpPlayersPerAddress: 100_000,
    webrtcViewersPerAddress: 2000,
    webrtcNewcomersPerAddress: 500,
  },
};

export interface SluiceOptions {
  readonly shards: number;
  /** `undefined` leaves it its default. */
  readonly flushMs?: number | undefined;
  /** Where it is run from: by default this repository, bundled before by `deno task bundle`. */
  readonly root?: SluiceRoot | undefined;
}

/** A copy of the program. */
export interface SluiceRoot {
  /** What is other than in the repository, for tables. */
  readonly name: string;
  readonly folder: string;
}

/** What makes the estimate of a viewer's link in the bundle. */
const LINK_MADE = /link: new ViewerLink\(/;

/**
 * A copy of the program whose WebRTC viewers are all sent everything, whatever their links carry: by
 * it is told what the estimate costs.
 *
 * @param folder takes it
 */
export async function withoutAdapting(folder: string): Promise<SluiceRoot> {
  const copy = `${folder}/without-adapting`;
  await Deno.mkdir(copy);
  for (const name of ["main.ts", "deno.json", "deno.lock", "docs", "src", "dist"]) {
    const { code } = await new Deno.Command("cp", { args: ["-r", `${ROOT}${name}`, copy] })
      .output();
    if (code !== 0) throw new Error(`Cannot copy ${name}: cp gave ${code}`);
  }
  const path = `${copy}/dist/shard.js`;
  const shard = await Deno.readTextFile(path);
  if (!LINK_MADE.test(shard)) {
    throw new Error(`Cannot turn adapting off: no ${LINK_MADE} in ${path}`);
  }
  await Deno.writeTextFile(path, shard.replace(LINK_MADE, "link: void new ViewerLink("));
  return { name: "not adapting", folder: copy };
}

/** Sluice. */
export function sluice({ shards, flushMs, root }: SluiceOptions): Target {
  const options = ["--shards", `${shards}`];
  if (flushMs !== undefined) options.push("--flush-ms", `${flushMs}`);
  const name = `Sluice, ${shards} shard${shards > 1 ? "s" : ""}` +
    (flushMs === undefined ? "" : `, ${flushMs} ms`) + (root === undefined ? "" : `, ${root.name}`);
  return {
    name,
    ways: ["http", "ws", "rtmp", "whep"],
    async start(settings = {}) {
      const rtmpPort = freePort();
      const httpPort = freePort();
      // 0: whatever is free, for each shard; answers tell it.
      const webrtcPort = "0";
      const ports = ["--rtmp-port", `${rtmpPort}`, "--http-port", `${httpPort}`];
      ports.push("--webrtc-port", webrtcPort);
      // An older version has none.
      if (root === undefined) ports.push("--webtransport-port", "0");
      // Whoever measures waits for no viewer.
      const fixed = ["--host", "127.0.0.1", "--drain-seconds", "0"];
      const args = ["run", "-P", "main.ts", ...fixed, ...ports, ...options];
      const cwd = root?.folder ?? ROOT;
      const child = new ChildProcess(Deno.execPath(), [...args, "--config", "-"], {
        cwd,
        stdin: "piped",
      });
      await new Blob([JSON.stringify({ ...SLUICE_CONFIG, ...settings })]).stream().pipeTo(
        child.stdin,
      );
      const isReady = async () => {
        const response = await fetch(`http://127.0.0.1:${httpPort}/healthz`);
        await response.body?.cancel();
        return response.ok;
      };
      return await whenReady(child, isReady, { rtmpPort, httpPort });
    },
  };
}

/**
 * node-media-server from npm, run by Node as its users do, or by Deno where Node is missing.
 *
 * @param folder takes the package and its configuration
 */
export async function nodeMediaServer(folder: string): Promise<Target> {
  const node = await nodeVersion();
  const app = await installNodeMediaServer(folder, node !== undefined);
  return {
    ways: ["http", "ws", "rtmp"],
    name: `NMS ${NODE_MEDIA_SERVER_VERSION} (${node ?? `Deno ${Deno.version.deno}`})`,
    async start() {
      const rtmpPort = freePort();
      const httpPort = freePort();
      const config = `${folder}/nms-${httpPort}.json`;
      await Deno.writeTextFile(config, JSON.stringify(nmsConfig(rtmpPort, httpPort)));
      const [command, args] = node === undefined ? [Deno.execPath(), ["run", "-A"]] : ["node", []];
      const child = new ChildProcess(command, [...args, app, "-c", config], { cwd: folder });
      const isReady = async () => {
        (await Deno.connect({ hostname: "127.0.0.1", port: httpPort })).close();
        (await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort })).close();
        return true;
      };
      return await whenReady(child, isReady, { rtmpPort, httpPort });
    },
  };
}

/**
 * nginx with its RTMP module as Debian packages both, in one process, as one worker is.
 *
 * @param folder takes its configuration
 */
export function nginxRtmp(folder: string): Target {
  return {
    name: "nginx-rtmp",
    ways: ["rtmp"],
    async start() {
      const rtmpPort = freePort();
      const config = `${folder}/nginx-${rtmpPort}.conf`;
      await Deno.writeTextFile(config, nginxConfig(folder, rtmpPort));
      const child = new ChildProcess("nginx", ["-p", folder, "-c", config], { cwd: folder });
      const isReady = async () => {
        (await Deno.connect({ hostname: "127.0.0.1", port: rtmpPort })).close();
        return true;
      };
      return await whenReady(child, isReady, { rtmpPort, httpPort: 0 });
    },
  };
}

/** Players begin with a key frame, as those of the others do; it keeps none for them. */
function nginxConfig(folder: string, port: number): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx-${port}.pid;
error_log stderr error;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events { worker_connections 4096; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    chunk_size 65536;
    application live { live on; wait_key on; }
  }
}
`;
}

async function nodeVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    // Where Node is missing, Deno may put itself in its place, and says so.
    return /^v\d/.test(version) ? `Node ${version}` : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function installNodeMediaServer(folder: string, byNode: boolean): Promise<string> {
  const specifier = `node-media-server@${NODE_MEDIA_SERVER_VERSION}`;
  if (!byNode) return `npm:${specifier}`;
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", specifier],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot install: ${new TextDecoder().decode(stderr)}`);
  return `${folder}/node_modules/node-media-server/bin/app.js`;
}

/** No console, no API, no authentication, no records; its GOP cache cannot be turned off. */
function nmsConfig(rtmpPort: number, httpPort: number) {
  return {
    bind: "127.0.0.1",
    notify: { url: "" },
    store: { path: `./data-${httpPort}` },
    auth: { play: false, publish: false, secret: "unused" },
    rtmp: { port: rtmpPort },
    http: { port: httpPort },
    webadmin: { enable: false },
    record: { auto: false },
  };
}

async function whenReady(
  child: ChildProcess,
  isReady: () => Promise<boolean>,
  ports: { readonly rtmpPort: number; readonly httpPort: number },
): Promise<RunningServer> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (child.isRunning && performance.now() < deadlineMs) {
    // Refused connections are what waiting looks like; anything that lasts ends in the error below.
    if (await isReady().catch(() => false)) {
      return { pid: child.pid, ...ports, [Symbol.asyncDispose]: () => child.end() };
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  if (!child.isRunning) throw new Error("Cannot start server: its process ended, see above");
  await child.end();
  throw new Error(`Cannot start server: not ready within ${READY_TIMEOUT_MS} ms`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
