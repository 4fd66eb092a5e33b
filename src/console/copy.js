// @ts-check
/// <reference lib="dom" />
/** Copy buttons: `<button data-copy="id">` copies the text or value of the element with that id. */

const CONFIRMATION_MS = 1500;

/**
 * Makes every copy button inside `root` work, also those whose text changes later.
 *
 * @param {Element} root
 * @param {Element} status a live region; it says what was done to those who do not see it
 */
export function enableCopyButtons(root, status) {
  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (!(button instanceof HTMLElement)) return;
    const source = document.getElementById(button.dataset.copy ?? "");
    if (!source) return;
    const copied = await copyText(textOf(source)) || selectAndCopy(source);
    button.dataset.copied = copied ? "yes" : "no";
    status.textContent = copied ? "Copied" : "Could not copy: the text is selected, press Ctrl+C";
    setTimeout(() => {
      delete button.dataset.copied;
      status.textContent = "";
    }, CONFIRMATION_MS);
  });
}

/** @param {Element} source */
function textOf(source) {
  return source instanceof HTMLInputElement ? source.value : source.textContent ?? "";
}

/** @param {string} text */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers offer the clipboard to secure origins only; a gateway on a LAN is plain HTTP.
    return false;
  }
}

/** @param {Element} source */
function selectAndCopy(source) {
  if (source instanceof HTMLInputElement) source.select();
  else getSelection()?.selectAllChildren(source);
  return document.execCommand("copy");
}
