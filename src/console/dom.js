// @ts-check
/// <reference lib="dom" />
/** Typed access to the page's own elements. */

/**
 * The element with this id.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type the class it must have
 * @returns {T}
 * @throws {TypeError} when the page has no such element
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new TypeError(`Cannot find #${id}: needs a ${type.name}, found ${element}`);
}

/**
 * Writes text only when it differs, so that a selection made by the reader survives an update.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {(Node | string)[]} children strings become text, never markup
 */
export function create(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * A line that is there only while it says something.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function showLine(element, text) {
  setText(element, text);
  element.hidden = text === "";
}

/**
 * Writes terms and values into a definition list; rows are kept, so that a selection survives.
 *
 * @param {HTMLElement} list
 * @param {readonly (readonly [string, string])[]} rows
 */
export function showRows(list, rows) {
  if (list.children.length !== rows.length) {
    list.replaceChildren(...rows.map(() => create("div", "", create("dt"), create("dd"))));
  }
  rows.forEach(([term, value], index) => {
    const [dt, dd] = list.children[index]?.children ?? [];
    if (dt) setText(dt, term);
    if (dd) setText(dd, value);
  });
}

/**
 * Writes options only when they differ: an open menu is not to be closed.
 *
 * @param {HTMLSelectElement} select
 * @param {readonly { value: string, label: string }[]} options
 */
export function showOptions(select, options) {
  const isSame = select.options.length === options.length &&
    options.every(({ value }, at) => select.options[at]?.value === value);
  if (!isSame) {
    const chosen = select.value;
    select.replaceChildren(...options.map(({ value, label }) => new Option(label, value)));
    if (options.some(({ value }) => value === chosen)) select.value = chosen;
  } else if (document.activeElement !== select) {
    // Bit rates change all the time.
    options.forEach(({ label }, at) => setText(/** @type {Element} */ (select.options[at]), label));
  }
}
