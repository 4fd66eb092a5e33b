/**
 * A URL from which workers start without a file being read: a module of the text of a bundle.
 *
 * Bundles of CommonJS packages make a `require` for their own URL, which Node's function refuses for
 * one like this; they need it for built-in modules alone, so any other serves as well.
 */
export function workerModuleUrl(bundle: string): string {
  const source = bundle.replaceAll(
    /(createRequire\w*)\(import\.meta\.url\)/g,
    '$1("file:///worker.js")',
  );
  return URL.createObjectURL(new Blob([TELL_OF_DEATH, source], { type: "text/javascript" }));
}

/** What a worker says that has thrown what nothing catches, and does nothing more. */
export interface WorkerDeath {
  readonly kind: "died";
  /** In a line. */
  readonly reason: string;
  /** Where, if that is known. */
  readonly stack: string | undefined;
}

/** The same as an error. */
export function deathError({ reason, stack }: WorkerDeath): Error {
  return Object.assign(new Error(reason), stack === undefined ? {} : { stack });
}

/**
 * In front of every module: without it, the runtime itself would print what was thrown, in lines that
 * are none of the log. It ends the worker, too: one that died must not go on until it is terminated.
 */
const TELL_OF_DEATH = `for (const type of ["error", "unhandledrejection"]) {
  self.addEventListener(type, (event) => {
    event.preventDefault();
    const cause = event.error ?? event.reason;
    self.postMessage({ kind: "died", reason: String(cause), stack: cause?.stack });
    self.close();
  });
}
`;
