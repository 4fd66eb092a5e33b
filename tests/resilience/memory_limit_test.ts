import { assert } from "@std/assert";
import {
  GATEWAY,
  MANY_SELECTIONS,
  STALLED_ON_KEY_FRAMES,
  VANISHED_STREAMS,
} from "../attack/memory_attacks.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const MIB = 1024 * 1024;

/** What docs/settings.md says of two shards, the budget, and what their heaps may have of garbage. */
const RESIDENT_LIMIT_BYTES = (155 + 256 + 160) * MIB;

/** Beyond what the program has reserved when it is ready; its logs are part of that. */
const ADDRESS_SPACE_BYTES = 768 * MIB;

/** Has the system refuse the process more address space. */
async function limitAddressSpace({ pid }: GatewayProcess): Promise<void> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const reservedBytes = Number(/^VmSize:\s+(\d+)/m.exec(status)![1]) * 1024;
  const args = ["--pid", `${pid}`, `--as=${reservedBytes + ADDRESS_SPACE_BYTES}`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert(success, "cannot limit the address space");
}

/** A control group that ends processes which exceed its memory; `undefined` without the right. */
async function openGroup(bytes: number): Promise<{ path: string } | undefined> {
  const own = await Deno.readTextFile("/proc/self/cgroup");
  const [v1, v2] = [/^\d+:memory:(.*)$/m.exec(own)?.[1], /^0::(.*)$/m.exec(own)?.[1]];
  const [root, limit] = v1 === undefined
    ? [`/sys/fs/cgroup${v2}`, "memory.max"]
    : [`/sys/fs/cgroup/memory${v1}`, "memory.limit_in_bytes"];
  const path = `${root}/limited-${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/${limit}`, `${bytes}`);
    return { path };
  } catch {
    await Deno.remove(path).catch(() => {});
    return undefined;
  }
}

if (IS_LONG) {
  Deno.test("under a limit of the system, the gateway outlives what would take many times as much", async () => {
    const group = await openGroup(RESIDENT_LIMIT_BYTES);
    const shell = group === undefined ? undefined : `echo $$ > ${group.path}/cgroup.procs`;
    try {
      await using gateway = await startGateway({ ...GATEWAY, ...(shell && { shell }) });
      await limitAddressSpace(gateway);
      for (const attack of [VANISHED_STREAMS, MANY_SELECTIONS, STALLED_ON_KEY_FRAMES]) {
        await attack.run(gateway, { seconds: 1 });
      }
      await using healthy = await HealthyStream.start(gateway);
      await healthy.check();
    } finally {
      if (group !== undefined) await Deno.remove(group.path).catch(() => {});
    }
  });
}
