// @ts-check
// What a program does that wants more than it was granted. Runs in a thread or in a worker of it.

/** Each attempt by the permission that it needs. */
const ATTEMPTS = {
  read: () => Deno.readTextFile("/etc/hostname"),
  write: () => Deno.writeTextFile("/nowhere/probe", ""),
  run: () => new Deno.Command("true").output(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  unixSocket: () => Deno.connect({ transport: "unix", path: "/nowhere/probe" }),
  moduleFile: () => import(new URL("file:///etc/hostname").href),
  workerFile: () => startWorker("file:///nowhere/probe.js"),
};

/** @param {number} port where somebody listens on 127.0.0.1 */
function networkAttempts(port) {
  return {
    connect: async () => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
    fetch: async () => await (await fetch(`http://127.0.0.1:${port}/`)).body?.cancel(),
    listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
    listenUdp: () =>
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }).close(),
  };
}

/** @param {string} url */
async function startWorker(url) {
  const worker = new Worker(url, { type: "module" });
  await new Promise((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}

/**
 * Tries everything.
 *
 * @param {number} port where somebody listens on 127.0.0.1
 * @returns {Promise<Record<string, string>>} for each attempt "done" or the error's name
 */
export async function attemptAll(port) {
  /** @type {Record<string, string>} */
  const outcomes = {};
  for (const [name, attempt] of Object.entries({ ...ATTEMPTS, ...networkAttempts(port) })) {
    try {
      await attempt();
      outcomes[name] = "done";
    } catch (error) {
      outcomes[name] = error instanceof Error ? describe(error) : String(error);
    }
  }
  const variables = [...Object.keys(Deno.env.toObject()), ...(Deno.env.get("PATH") ?? "")];
  outcomes.env = variables.length === 0 ? "empty" : "done";
  return outcomes;
}

/** @param {Error} error */
function describe(error) {
  return /Requires \w+ access/.test(error.message)
    ? "NotCapable"
    : `${error.name}: ${error.message}`;
}
