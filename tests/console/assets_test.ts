import { assert, assertEquals, assertMatch } from "@std/assert";
import { consoleAssets, consoleHeaders } from "../../src/console/assets.ts";

const paths = new Set(consoleAssets.map((asset) => asset.path));
const page = consoleAssets.find((asset) => asset.path === "/")!.body;

Deno.test("consoleAssets has one page at / and the rest below /assets/, none empty", () => {
  assertEquals(paths.size, consoleAssets.length);
  for (const { path, body, contentType } of consoleAssets) {
    assertMatch(path, /^\/$|^\/assets\/[\w.]+$/);
    assertMatch(
      contentType,
      /^(text\/(html|css|javascript|plain); charset=utf-8|image\/svg\+xml)$/,
    );
    assert(body.length > 0, path);
  }
});

Deno.test("the page refers to nothing that is not served with it", () => {
  const addresses = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
  assert(addresses.length > 5);
  for (const address of addresses) assert(address.startsWith("#") || paths.has(address), address);
});

Deno.test("every module that a script imports is served", () => {
  const scripts = consoleAssets.filter((asset) => asset.body.startsWith("// @ts-check"));
  assert(scripts.length > 5);
  for (const { path, body } of scripts) {
    for (const [, specifier] of body.matchAll(/^(?:import|\} from) .*"(\.\/[^"]+)";$/gm)) {
      const served = new URL(specifier!, `http://host${path}`).pathname;
      assert(paths.has(served), `${path} imports ${served}`);
    }
  }
});

Deno.test("the page has no inline script and no inline style, which the policy forbids", () => {
  assert(!/<style|\sstyle=|\son\w+=/.test(page));
  assert(!/<script(?![^>]*\ssrc=)/.test(page));
  assert(!consoleHeaders["content-security-policy"].includes("unsafe"));
});

Deno.test("the page may use camera, microphone and screen, and little else", () => {
  const policy = consoleHeaders["permissions-policy"].split(", ");
  for (const feature of ["camera", "microphone", "display-capture", "fullscreen"]) {
    assert(policy.includes(`${feature}=(self)`), feature);
  }
  for (const feature of ["geolocation", "usb", "payment"]) {
    assert(policy.includes(`${feature}=()`), feature);
  }
  for (const entry of policy) assertMatch(entry, /^[a-z-]+=\((self)?\)$/);
});

Deno.test("every element that a script asks for by id is in the page", () => {
  const ids = consoleAssets.flatMap(({ body }) =>
    [...body.matchAll(/byId\("([^"]+)"/g)].map((match) => match[1]!)
  );
  assert(ids.length > 20);
  for (const id of ids) assert(page.includes(`id="${id}"`), id);
});
