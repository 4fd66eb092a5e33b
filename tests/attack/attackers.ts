import type { AttackersOrder, AttackersReply } from "./attackers_worker.ts";

export type { AttackersOrder };

/** Has peers attack, in a thread of their own; what they counted. */
export async function attackBy(order: AttackersOrder): Promise<Readonly<Record<string, number>>> {
  const url = new URL("./attackers_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", name: "attackers" });
  const { promise, resolve } = Promise.withResolvers<Exclude<AttackersReply, "ready">>();
  worker.addEventListener("message", ({ data }: MessageEvent<AttackersReply>) => {
    if (data === "ready") worker.postMessage(order);
    else resolve(data);
  });
  worker.addEventListener("error", ({ message }) => resolve({ failure: message }));
  const reply = await promise;
  worker.terminate();
  if ("failure" in reply) throw new Error(`The attackers failed: ${reply.failure}`);
  return reply.counts;
}
