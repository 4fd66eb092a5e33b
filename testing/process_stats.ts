/** Linux counts CPU time for user space in hundredths of a second (proc(5), `sysconf(_SC_CLK_TCK)`). */
const TICKS_PER_SECOND = 100;

/** CPU time used so far by all threads of a process, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // proc(5): utime and stime are fields 14 and 15; the name before them may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in KiB. */
export function residentKib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]);
}

/** Datagrams that found their socket's buffer full so far, of all processes (RFC 4113). */
export function droppedDatagrams(): number {
  const [names, values] = Deno.readTextFileSync("/proc/net/snmp").split("\n")
    .filter((line) => line.startsWith("Udp: ")).map((line) => line.split(" "));
  return Number(values?.[names!.indexOf("RcvbufErrors")]);
}

/** Time that all cores together have idled, in seconds. */
function idleSeconds(): number {
  const fields = Deno.readTextFileSync("/proc/stat").split("\n", 1)[0]!.split(/\s+/).map(Number);
  return (fields[4]! + fields[5]!) / TICKS_PER_SECOND;
}

/** What happened between two looks, each in % of one core. */
export interface Load {
  /** One value per process asked about, in order. */
  readonly processPercents: readonly number[];
  /** All cores together; near 0, the processes waited for each other and figures are doubtful. */
  readonly idlePercent: number;
  /** All other processes and what the host took: a machine of its own has next to nothing here. */
  readonly othersPercent: number;
}

/** Starts to measure; the function returned gives the load since then. */
export function startLoad(pids: readonly number[]): () => Load {
  const startMs = performance.now();
  const idleBefore = idleSeconds();
  const before = pids.map(cpuSeconds);
  return () => {
    const percentPerSecond = 100_000 / (performance.now() - startMs);
    const processPercents = pids.map((pid, at) =>
      (cpuSeconds(pid) - before[at]!) * percentPerSecond
    );
    const idlePercent = (idleSeconds() - idleBefore) * percentPerSecond;
    const ownPercent = processPercents.reduce((sum, percent) => sum + percent, 0);
    const allPercent = navigator.hardwareConcurrency * 100;
    // Idle time is counted by ticks and a little coarser: differences may fall below 0.
    const othersPercent = Math.max(0, allPercent - idlePercent - ownPercent);
    return { processPercents, idlePercent, othersPercent };
  };
}

/** The lines that tell on which machine, by which Deno and when figures were taken. */
export function describeMachine(): string[] {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const memoryGib = Deno.systemMemoryInfo().total / 2 ** 30;
  return [
    `${navigator.hardwareConcurrency} cores, ${model ?? "unknown CPU"}, ${
      memoryGib.toFixed(0)
    } GiB`,
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}, ${new Date().toISOString()}`,
  ];
}
