/** The output of ffmpeg's framemd5. */
export interface Frame {
  readonly stream: number;
  readonly ptsTicks: number;
  readonly hash: string;
}

/** Lines such as "0,  3000,  3000,  3000,  12345, 0123…" behind comments. */
export async function readFrames(path: string): Promise<Frame[]> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  return lines.filter((line) => /^\d/.test(line)).map((line) => {
    const fields = line.split(",").map((field) => field.trim());
    return { stream: Number(fields[0]), ptsTicks: Number(fields[2]), hash: fields[5]! };
  });
}
