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
