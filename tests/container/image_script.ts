/** The steps of an image as a shell script, for machines on which no container can be built. */
import {
  type Copy,
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
} from "dockerfile-ast";

/** What a script does in the image once it is built. */
export interface ImageRun {
  /** Shell, as root, before the root is made read-only; the root folder is `$root`. */
  readonly prepare: string;
  /** Shell that may call `in_image COMMAND…`: as the image's user, without network but loopback. */
  readonly run: string;
}

interface Stage {
  readonly name: string;
  readonly lines: string[];
  folder: string;
  user: string;
  readonly env: string[];
}

/** What the image says about itself, and a script that builds and runs it. */
export interface ImageScript {
  readonly script: string;
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
  readonly user: string;
}

/**
 * Makes a script of a Dockerfile. Each stage is a layer over the machine's own root, which stands for
 * the image that it is made from: it has Deno.
 *
 * @param context the folder that COPY copies from, with what `.dockerignore` lets in
 * @throws {Error} for an instruction that it does not know
 */
export function imageScript(dockerfile: string, context: string, { prepare, run }: ImageRun) {
  const stages: Stage[] = [];
  const image = { entrypoint: [] as string[], healthcheck: [] as string[] };
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === "FROM") {
      const name = instruction.getArguments()[2]?.getValue() ?? `${stages.length}`;
      stages.push({ name, lines: [], folder: "/", user: "0:0", env: [] });
      continue;
    }
    const stage = stages.at(-1)!;
    const lines = step(instruction, stage, stages, context);
    if (lines !== undefined) stage.lines.push(...lines);
    else if (keyword === "ENTRYPOINT") image.entrypoint = words(instruction);
    else if (keyword === "HEALTHCHECK") image.healthcheck = healthWords(instruction);
    else if (!["LABEL", "EXPOSE", "STOPSIGNAL"].includes(keyword)) {
      throw new Error(`Cannot run ${keyword} of the Dockerfile`);
    }
  }
  const { user, env } = stages.at(-1)!;
  const quoted = env.map((each) => `'${each}'`).join(" ");
  const script = `set -eu
work=${context}/stages
mkdir "$work"
mount -t tmpfs sluice "$work"
${stages.flatMap(stageLines).join("\n")}
root=$work/${stages.length - 1}/root
${prepare}
mount -o remount,ro "$root"
export root
exec unshare --net sh -euc ${
    shellQuoted(`ip link set lo up
in_image() {
  exec chroot --userspec=${user} "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin ${quoted} "$@"
}
${run}`)
  }
`;
  return { script, user, ...image } satisfies ImageScript;
}

function stageLines({ lines }: Stage, number: number): string[] {
  return [
    `stage=$work/${number}; root=$stage/root; mkdir -p "$stage/upper" "$stage/work" "$root"`,
    `mount -t overlay overlay -o "lowerdir=/,upperdir=$stage/upper,workdir=$stage/work" "$root"`,
    `for each in proc dev; do mount --rbind "/$each" "$root/$each"; done`,
    `ln -sf '${Deno.execPath()}' "$root/usr/local/bin/deno"`,
    ...lines,
  ];
}

/** The shell of an instruction that changes the image; `undefined` for one that does not. */
function step(
  instruction: Instruction,
  stage: Stage,
  stages: readonly Stage[],
  context: string,
): string[] | undefined {
  const args = instruction.getArguments().map((each) => each.getValue());
  switch (instruction.getKeyword()) {
    case "WORKDIR":
      stage.folder = args[0]!;
      return [`mkdir -p "$root${stage.folder}"`];
    case "COPY": {
      const from = (instruction as Copy).getFromFlag()?.getValue();
      const at = stages.findIndex(({ name }) => name === from);
      const base = from === undefined ? `${context}/` : `$work/${at}/root`;
      return copyLines(args, base, stage);
    }
    case "RUN":
      return [
        `chroot "$root" /bin/sh -c 'cd "$1" && eval "$2"' sh '${stage.folder}' ${
          shellQuoted(instruction.getArgumentsContent()!)
        }`,
      ];
    case "USER":
      stage.user = args[0]!;
      return [];
    case "ENV":
      stage.env.push(...args);
      return [];
    default:
      return undefined;
  }
}

/** Folders are copied by what is in them. */
function copyLines(args: readonly string[], base: string, { folder }: Stage): string[] {
  const target = new URL(args.at(-1)!, `file://${folder.replace(/\/?$/, "/")}`).pathname;
  return [
    `mkdir -p "$root${target}"`,
    ...args.slice(0, -1).map((source) =>
      `if [ -d "${base}${source}" ]; then cp -r "${base}${source}/." "$root${target}"; ` +
      `else cp "${base}${source}" "$root${target}"; fi`
    ),
  ];
}

function words(instruction: Instruction): string[] {
  return (instruction as JSONInstruction).getJSONStrings().map((each) =>
    JSON.parse(each.getValue())
  );
}

/** The list behind CMD. */
function healthWords(instruction: Instruction): string[] {
  return JSON.parse(/\[.*\]/.exec(instruction.getArgumentsContent()!)![0]);
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
