import { assert, assertEquals } from "@std/assert";
import { narrowLinkMissing } from "../../testing/network/narrow_link.ts";
import { runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { THREE_SIZES } from "../interop/rendition_publisher.ts";
import { chromiumMissing } from "./chromium.ts";

const NAME = "the page and ffmpeg go down to smaller pictures by FLV, and up again";
const ignore = chromiumMissing() || narrowLinkMissing() || isPeerMissing(NAME, ["ffmpeg"]);
const LARGEST = THREE_SIZES[0]!.width;

Deno.test({ name: NAME, ignore }, async () => {
  const module = new URL("page_flv_auto_watch.ts", import.meta.url);
  const { shown, decoded, errors, faults } = JSON.parse(await runInLossyNetwork(module, []));
  assertEquals([errors, faults], [[], []]);
  const widths = shown.map(({ width }: { readonly width: number }) => width);
  for (const seen of [decoded, widths]) {
    assertEquals([seen[0], seen.at(-1)], [LARGEST, LARGEST], `${seen}`);
    assert(seen.some((width: number) => width < LARGEST), `${seen}`);
  }
});
