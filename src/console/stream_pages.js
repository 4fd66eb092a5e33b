// @ts-check
/// <reference lib="dom" />
/** The way through a list that is too long for one page. */
import { byId, setText } from "./dom.js";

/** @import { StreamList } from "./stream_list.js" */

/**
 * @param {(page: number) => void} onPage
 * @returns {{ show(list: StreamList): void }}
 */
export function startStreamPages(onPage) {
  const previous = byId("previous-page", HTMLButtonElement);
  const next = byId("next-page", HTMLButtonElement);
  let page = 1;
  previous.addEventListener("click", () => onPage(page - 1));
  next.addEventListener("click", () => onPage(page + 1));

  return {
    show(list) {
      page = list.page;
      byId("pages", HTMLElement).hidden = list.pages === 1;
      previous.disabled = page === 1;
      next.disabled = page === list.pages;
      setText(byId("page-number", HTMLElement), `Page ${page} of ${list.pages}`);
      setText(byId("stream-count", HTMLElement), String(list.total));
    },
  };
}
