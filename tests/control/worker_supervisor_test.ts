import { assertEquals } from "@std/assert";
import { WorkerSupervisor } from "../../src/control/worker_supervisor.ts";
import { until } from "../../testing/waiting.ts";

const KIND = { name: "worker", sharedWords: 1, heartbeatWord: 0 };

/** Workers that do what they are told: answer, or die. */
const SOURCE = `self.onmessage = ({ data }) => {
  if (data === "die") throw new Error("told to");
  self.postMessage(data);
};`;

/** A supervisor and what it told, in order; `onLost` decides whether a worker is started again. */
function supervisorOf(onLost: (slot: number) => boolean, isWanted: () => boolean = () => true) {
  const told: string[] = [];
  const workers = new WorkerSupervisor<string, string>(SOURCE, KIND, {
    started: (slot) => void told.push(`started ${slot}`),
    message: (slot, message) => void told.push(`${message} from ${slot}`),
    lost: (slot) => {
      told.push(`lost ${slot}`);
      return onLost(slot);
    },
    isWanted,
    hung: (slot) => void told.push(`hung ${slot}`),
  });
  return { workers, told };
}

Deno.test("WorkerSupervisor: one that died is started again, once, though its owner asks for it", async () => {
  const { workers, told } = supervisorOf((slot) => {
    workers.start(slot);
    return true;
  });
  workers.start(0);
  workers.start(0);
  workers.send(0, "die");
  await until("the second start", () => told.length === 3);
  workers.send(0, "hello");
  await until("its answer", () => told.length === 4);
  assertEquals(told, ["started 0", "lost 0", "started 0", "hello from 0"]);
  assertEquals([workers.restarts, workers.slots], [1, [0]]);
  workers.close();
});

Deno.test("WorkerSupervisor: one that is not wanted any more stays away, until it is", async () => {
  let asked = 0;
  const { workers, told } = supervisorOf(() => true, () => ++asked > 1);
  workers.start(3);
  workers.discard(3, new Error("of no use"));
  assertEquals([workers.has(3), workers.send(3, "hello")], [false, false]);
  await until("the question", () => asked === 1);
  assertEquals(told, ["started 3", "lost 3"]);
  workers.start(3);
  assertEquals(told, ["started 3", "lost 3", "started 3"]);
  workers.close();
});

Deno.test("WorkerSupervisor: one whose owner lets it go can be started at once", () => {
  const { workers, told } = supervisorOf(() => false);
  workers.start(0);
  workers.start(1);
  workers.discard(0, new Error("of no use"));
  workers.start(0);
  assertEquals(told, ["started 0", "started 1", "lost 0", "started 0"]);
  assertEquals(workers.restarts, 0);
  workers.close();
  assertEquals(workers.slots, []);
});
