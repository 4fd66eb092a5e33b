import { assertEquals } from "@std/assert";
import { streamTarget, targetProblem } from "../../../src/rtmp/message/stream_name.ts";

Deno.test("streamTarget: who names nothing means what the application ends with", () => {
  const target = (app: string, query: string, text: string) => {
    const { app: of, name, query: with_ } = streamTarget({ app, query }, text);
    return [of, name, with_];
  };
  assertEquals(target("live/test", "", ""), ["live", "test", ""]);
  assertEquals(target("live/test", "token=1", ""), ["live", "test", "token=1"]);
  assertEquals(target("live/test", "token=1", "?token=2"), ["live", "test", "token=2"]);
  assertEquals(target("live/eu/test", "", "/"), ["live/eu", "test", ""]);
  assertEquals(target("live/test", "", "mp4:"), ["live", "test", ""]);
  assertEquals(target("live/test", "", "a"), ["live/test", "a", ""]);
  assertEquals(target("live", "", ""), ["live", "", ""]);
  assertEquals(
    targetProblem(streamTarget({ app: "live", query: "" }, "")),
    "The stream name is empty.",
  );
});

Deno.test("targetProblem: names and queries that cannot be seen", () => {
  const problem = (name: string, query = "") => targetProblem({ app: "live", name, query });
  for (const text of ["a\nb", "a\x9bb", "\u202e", "a\u2028", "\u200b", "\ud800"]) {
    assertEquals(
      problem(text)?.replace(/U\+[0-9A-F]+\.$/, ""),
      "The name and its query must be text that can be seen, got ",
    );
    assertEquals(problem("test", `token=${text}`), problem(text));
  }
  assertEquals(problem("été 直播", "token=é"), undefined);
});
