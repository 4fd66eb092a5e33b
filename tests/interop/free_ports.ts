/** Below the ports that systems give to whoever asks for any, which other tests do meanwhile. */
const [FIRST, LAST] = [10_000, 19_999];

/** Ports of 127.0.0.1 for programs that must be told theirs. */
export function freePorts(count: number): number[] {
  const ports: number[] = [];
  // Tests that run at the same time begin at different ones.
  const offset = (Deno.pid * 37) % (LAST - FIRST);
  for (let at = 0; at <= LAST - FIRST && ports.length < count; at++) {
    const port = FIRST + (offset + at) % (LAST - FIRST + 1);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      ports.push(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  if (ports.length < count) throw new Error(`There are no ${count} free ports`);
  return ports;
}
