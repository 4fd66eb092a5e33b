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
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
