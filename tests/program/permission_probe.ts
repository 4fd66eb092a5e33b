/** Prints what the permissions of this process let its main thread and a worker of it do. */
import { attemptAll } from "./permission_attempts.js";
import source from "./permission_attempts.js" with { type: "text" };

const port = Number(Deno.args[0]);
const workerSource = `${source}\nself.postMessage(await attemptAll(${port}));`;
const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
const worker = new Worker(url, { type: "module" });
const inWorker = await new Promise((resolve) => {
  worker.addEventListener("message", ({ data }) => resolve(data));
});
worker.terminate();
console.log(JSON.stringify({ main: await attemptAll(port), worker: inWorker }));
