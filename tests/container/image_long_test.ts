/** The image, built and run without a builder of images: its steps come from the Dockerfile itself. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { peerTest } from "../../testing/peers.ts";
import { imageScript } from "./image_script.ts";

const ROOT = new URL("../../", import.meta.url);
const dockerfile = await Deno.readTextFile(new URL("Dockerfile", ROOT));

/** A folder with what `.dockerignore` lets in. */
async function buildContext(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const lines = (await Deno.readTextFile(new URL(".dockerignore", ROOT))).split("\n");
  const rules = lines.filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(rules[0], "*");
  const names = rules.slice(1).map((rule) => rule.replace(/^!/, ""));
  const copied = await new Deno.Command("cp", {
    args: ["-r", "--parents", ...names, folder],
    cwd: ROOT,
  }).output();
  assert(copied.success, new TextDecoder().decode(copied.stderr));
  return folder;
}

const CONFIG = JSON.stringify({ httpPort: 9090, host: "127.0.0.1", shards: 1 });

/** Waits until it is healthy, asks the page of it, ends it, and tells how all that went. */
const RUN = `
sluice() { in_image /usr/local/bin/sluice "$@"; }
( sluice ) & pid=$!
until ( HEALTHCHECK ) >/dev/null 2>&1; do
  kill -0 $pid
  sleep 0.1
done
( HEALTHCHECK )
( sluice health --ready --http-port 1 ) || echo "no other port: $?"
( in_image sh -c 'touch /usr/lib/sluice/x 2>&1; id -u' ) || true
( sluice check-config ) < /dev/null || echo "check-config: $?"
kill -TERM $pid
wait $pid && echo "ended: $?"
( in_image sh -c 'SLUICE_CONFIG=/nowhere sluice' ) || echo "a file that is not there: $?"
( in_image sh -c 'ulimit -n 1000; sluice --version' )
`;

peerTest("the image is built, runs read-only as nobody without network, and is healthy", [
  "unshare",
], async () => {
  const context = await buildContext();
  const prepare =
    `mkdir -p "$root/etc/sluice"; printf '%s' '${CONFIG}' > "$root/etc/sluice/config.json"`;
  const { healthcheck } = imageScript(dockerfile, context, { prepare, run: "" });
  assertEquals(healthcheck, ["sluice", "health"]);
  const run = RUN.replaceAll("HEALTHCHECK", `in_image ${healthcheck.join(" ")}`);
  const { script, entrypoint, user } = imageScript(dockerfile, context, { prepare, run });
  assertEquals([entrypoint, user], [["sluice"], "65532:65532"]);
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script],
    env: { NO_COLOR: "1" },
  }).output();
  await Deno.remove(context, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  const errors = new TextDecoder().decode(stderr);
  assertEquals(code, 0, text + errors);
  assertMatch(text, /RTMP on 127\.0\.0\.1 port 1935, HTTP on 127\.0\.0\.1 port 9090/);
  assertMatch(text, /^Ready\. /m);
  assertMatch(text, /^ok$/m);
  assertMatch(text, /^touch: .*Read-only file system$\n^65532$/m);
  assertMatch(text, /^check-config: 1$/m);
  assertMatch(text, /^ended: 0$/m);
  assertMatch(text, /^a file that is not there: 2$/m);
  assertMatch(
    errors,
    /^sluice: ulimit -Hn is 1000, and the default limits need 20000 open files: /m,
  );
});
