/** What another process uses, as Linux tells it. */

/** Memory in bytes that the process has at present. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))!;
  return Number(kilobytes) * 1024;
}

/** Sockets that the process has open. */
export function openSockets(pid: number): number {
  let sockets = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    if (linkTarget(`/proc/${pid}/fd/${name}`).startsWith("socket:")) sockets++;
  }
  return sockets;
}

/** CPU time, in clock ticks, of each thread whose name begins with `prefix`. */
export function threadTicks(pid: number, prefix: string): Map<string, number> {
  const ticks = new Map<string, number>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const stat = Deno.readTextFileSync(`/proc/${pid}/task/${name}/stat`);
    const [, command, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat)!;
    // proc(5): fields 14 and 15 are user and system time; the third follows the command.
    const fields = rest!.split(" ");
    if (command!.startsWith(prefix)) ticks.set(command!, Number(fields[11]) + Number(fields[12]));
  }
  return ticks;
}

/** Where a link of /proc points; nowhere if what it stood for was closed meanwhile. */
function linkTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
