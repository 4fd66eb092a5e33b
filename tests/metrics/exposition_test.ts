import { assert, assertEquals, assertMatch } from "@std/assert";
import { exposition } from "../../src/metrics/exposition.ts";
import { HISTOGRAMS } from "../../src/metrics/measured.ts";
import { MetricRows } from "../../src/metrics/metric_rows.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { peerTest } from "../../testing/peers.ts";
import { parseSamples } from "./samples.ts";

const OPTIONS = { version: "1.2.3", threads: ["0", "1", "control"] };

/** Of a histogram of waits: its buckets, that without a bound, the sum and the count. */
const WAIT_LINES = HISTOGRAMS.hookTime.bounds.length + 3;

/** Three threads' counters, and what is told of them. */
function open() {
  const shared = MetricRows.allocate(OPTIONS.threads.length);
  const counters = OPTIONS.threads.map((_, row) => new Counters(shared, row));
  const text = (options = OPTIONS) => exposition(counters[0]!.rows, options);
  return { counters, text, value: (series: string) => parseSamples(text()).values.get(series) };
}

Deno.test("metrics: what threads count is told as one sum", () => {
  const { counters, value } = open();
  counters[0]!.add("rtmpConnections", 3);
  counters[1]!.add("rtmpConnections", 2);
  counters[1]!.add("rtmpConnections", -1);
  counters[1]!.add("viewersJumped");
  counters[2]!.add("viewersJumped", 2);
  assertEquals(value('sluice_connections{protocol="rtmp"}'), 4);
  assertEquals(value('sluice_connections{protocol="http"}'), 0);
  assertEquals(value("sluice_viewers_jumped_total"), 3);
  assertEquals(value('sluice_build_info{version="1.2.3"}'), 1);
});

Deno.test("metrics: totals go on beyond 32 bits", () => {
  const { counters, value } = open();
  const gigabyte = 2 ** 30;
  for (let count = 0; count < 9; count++) counters[1]!.add("httpBytesSent", gigabyte);
  counters[1]!.add("httpBytesSent");
  assertEquals(value('sluice_sent_bytes_total{protocol="http"}'), 9 * gigabyte + 1);
});

Deno.test("metrics: a histogram's buckets hold what they hold, and those below them", () => {
  const { counters, value } = open();
  counters[0]!.observe("joinTime", { protocol: "whep" }, 0.0005);
  counters[1]!.observe("joinTime", { protocol: "whep" }, 0.375);
  counters[1]!.observe("joinTime", { protocol: "whep" }, 11);
  counters[1]!.observe("joinTime", { protocol: "rtmp" }, 1);
  const bucket = (le: string) => value(`sluice_join_seconds_bucket{protocol="whep",le="${le}"}`);
  assertEquals(["0.005", "0.25", "0.5", "10", "+Inf"].map(bucket), [1, 1, 2, 2, 3]);
  assertEquals(value('sluice_join_seconds_count{protocol="whep"}'), 3);
  assertEquals(value('sluice_join_seconds_sum{protocol="whep"}'), 11.3755);
});

Deno.test("metrics: what each thread measures is told by thread, once it is measured", () => {
  const { counters, value } = open();
  counters[1]!.measure("threadCpuSeconds", 1.25);
  counters[2]!.measure("certificateExpiry", 2e9);
  counters[1]!.observe("eventLoopDelay", {}, 0.03);
  assertEquals(value('sluice_thread_cpu_seconds_total{thread="1"}'), 1.25);
  assertEquals(value('sluice_thread_cpu_seconds_total{thread="0"}'), undefined);
  assertEquals(value("sluice_tls_certificate_expiry_timestamp_seconds"), 2e9);
  const delays = (thread: string) =>
    value(`sluice_event_loop_delay_seconds_count{thread="${thread}"}`);
  assertEquals(["0", "1", "control"].map(delays), [undefined, 1, undefined]);
});

Deno.test("metrics: labels that are not in the list count as one, whatever they are", () => {
  const { counters, text, value } = open();
  const before = parseSamples(text()).values.size;
  const forged = 'x"} 1\nsluice_viewers 77777\n# HELP ';
  for (let count = 0; count < 1000; count++) {
    counters[0]!.tally("accessRefusals", { protocol: `${count}`, cause: `${forged}${count}` });
    counters[0]!.observe("hookTime", { hook: forged, outcome: forged }, 0.125);
  }
  assertEquals(value('sluice_access_refusals_total{protocol="other",cause="other"}'), 1000);
  assertEquals(value("sluice_viewers"), 0);
  assert(!text().includes("77777"));
  // One refusal, and one histogram.
  assertEquals(parseSamples(text()).values.size, before + 1 + WAIT_LINES);
});

Deno.test("metrics: a version with quotes and line breaks stays one label", () => {
  const { text } = open();
  const version = 'a"b\\c\nsluice_viewers 7';
  const { values } = parseSamples(text({ ...OPTIONS, version }));
  assertEquals(values.get('sluice_build_info{version="a\\"b\\\\c\\nsluice_viewers 7"}'), 1);
  assertEquals(values.get("sluice_viewers"), 0);
});

Deno.test("metrics: names follow Prometheus' rules, and every family has its sentence", () => {
  const { counters, text } = open();
  for (const measured of ["processCpuSeconds", "liveStreams", "shardRestarts"] as const) {
    counters[2]!.measure(measured, 0);
  }
  const { types, helps } = parseSamples(text());
  for (const [name, type] of types) {
    assertMatch(name, /^(sluice|process)_[a-z]+(_[a-z]+)*$/);
    assertEquals(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert(name.endsWith("_seconds"), name);
    assertMatch(helps.get(name) ?? "", /^[A-Z].*\.$/, name);
  }
});

Deno.test("metrics: a shard that died has nothing at the moment, but what it did stays", () => {
  const { counters, value } = open();
  counters[1]!.add("viewers", 5);
  counters[1]!.add("viewersJumped", 5);
  counters[1]!.measure("threadHeapBytes", 5);
  counters[1]!.clearGauges();
  assertEquals(value("sluice_viewers"), 0);
  assertEquals(value("sluice_viewers_jumped_total"), 5);
  assertEquals(value('sluice_thread_heap_bytes{thread="1"}'), undefined);
});

Deno.test("metrics: the text is as large whatever was counted", () => {
  const { counters, text } = open();
  const lines = text().split("\n").length;
  assert(lines < 1000, `${lines} lines`);
  for (let count = 0; count < 5000; count++) counters[0]!.add("rtmpConnectionsAccepted");
  assertEquals(text().split("\n").length, lines);
});

peerTest("metrics: promtool has nothing to say about them", ["promtool"], async () => {
  const { counters, text } = open();
  counters[0]!.tally("skippedMessages", { kind: "video", reason: "malformed" });
  counters[0]!.observe("joinTime", { protocol: "whep" }, 0.1);
  counters[2]!.measure("certificateExpiry", 2e9);
  const command = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text()));
  await writer.close();
  const { code, stderr, stdout } = await child.output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stderr), decoder.decode(stdout)], [0, "", ""]);
});
