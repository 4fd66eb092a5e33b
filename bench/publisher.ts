import { ChildProcess } from "./child_process.ts";

/** Publishes a file in a loop, in real time and without encoding it again. */
export function publishFile(file: string, url: string): ChildProcess {
  const input = ["-re", "-stream_loop", "-1", "-i", file];
  const quiet = ["-hide_banner", "-loglevel", "fatal"];
  return new ChildProcess("ffmpeg", [...quiet, ...input, "-c", "copy", "-f", "flv", url]);
}
