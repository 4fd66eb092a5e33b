import type { CounterName } from "../../../metrics/counters.ts";
import { processCpuSeconds } from "../../../metrics/thread_meter.ts";

/** What SRS tells of the machine and the sandbox does not let us know: told as 0. */
const HIDDEN = [
  ...["cpu_percent", "disk_read_KBps", "disk_write_KBps", "disk_busy_percent"],
  ...["mem_ram_kbyte", "mem_ram_percent", "mem_swap_kbyte", "mem_swap_percent"],
  ...["uptime", "ilde_time", "load_1m", "load_5m", "load_15m"],
  ...["net_sample_time", "net_recv_bytes", "net_send_bytes", "net_recvi_bytes", "net_sendi_bytes"],
  ...["conn_sys", "conn_sys_et", "conn_sys_tw", "conn_sys_udp"],
];

const UNKNOWN: Readonly<Record<string, 0>> = Object.fromEntries(HIDDEN.map((name) => [name, 0]));

/** The processor's share is of the time between two requests, and of so much at least. */
const MIN_SHARE_MS = 1000;

/** What is told of this server. */
export interface Summarised {
  readonly version: string;
  readonly uptimeMs: number;
  readonly counters: Readonly<Partial<Record<CounterName, number>>>;
}

/** The server as SRS tells of itself: what its consoles and exporters read. */
export class Summaries {
  #cpu = { seconds: 0, share: 0, atMs: performance.timeOrigin };

  /** @param nowMs milliseconds since 1970 */
  describe({ version, uptimeMs, counters }: Summarised, nowMs: number): Record<string, unknown> {
    const sum = (...names: readonly CounterName[]) =>
      names.reduce((all, name) => all + (counters[name] ?? 0), 0);
    const cpus = navigator.hardwareConcurrency;
    return {
      ok: true,
      now_ms: nowMs,
      self: {
        version,
        pid: Deno.pid,
        ppid: 0,
        argv: "",
        cwd: "",
        mem_kbyte: Math.round(Deno.memoryUsage().rss / 1024),
        mem_percent: 0,
        cpu_percent: this.#cpuShare(nowMs),
        srs_uptime: Math.floor(uptimeMs / 1000),
      },
      system: {
        ...UNKNOWN,
        cpus,
        cpus_online: cpus,
        srs_sample_time: nowMs,
        srs_recv_bytes: sum("rtmpBytesReceived"),
        srs_send_bytes: sum("rtmpBytesSent", "httpBytesSent", "webrtcBytesSent"),
        conn_srs: sum("httpConnections", "rtmpConnections"),
      },
    };
  }

  /** As SRS has it: 1 for one whole processor. */
  #cpuShare(nowMs: number): number {
    const { seconds: before, share, atMs } = this.#cpu;
    if (nowMs - atMs < MIN_SHARE_MS) return share;
    const seconds = processCpuSeconds();
    const now = Math.max(0, Math.round((seconds - before) * 1e6 / (nowMs - atMs)) / 1000);
    this.#cpu = { seconds, share: now, atMs: nowMs };
    return now;
  }
}
