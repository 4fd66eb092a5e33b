/** OBS Studio without a screen of its own, publishing a colour and silence. */
import { OBS30_ROOT, peerCommand } from "../../testing/peers.ts";
import { controlSettings } from "./obs_control.ts";
import { type PeerProcess, spawnPeer } from "./peer_process.ts";
import { until } from "../../testing/waiting.ts";

const PROFILE = "Untitled";

const GLOBAL_INI = `[General]
FirstRun=true
EnableAutoUpdates=false
LicenseAccepted=true
[Basic]
Profile=${PROFILE}
ProfileDir=${PROFILE}
SceneCollection=${PROFILE}
SceneCollectionFile=${PROFILE}
ConfigOnNewProfile=true
[BasicWindow]
SysTrayEnabled=false
`;

/** What OBS can send by WHIP. */
type WhipCodec = "h264" | "av1";

/** What OBS is to do beside what its settings say. */
interface ObsOptions {
  /** OBS 30 instead, which asks there which qualities it is to publish. */
  readonly configUrl?: string;
  /** OBS 30 instead, which publishes by WHIP, in this codec: the key is its bearer token. */
  readonly whip?: WhipCodec;
  /** Where it listens to {@linkcode askObs}. */
  readonly controlPort?: number;
}

const profileIni = (whip: WhipCodec | undefined) =>
  `[General]
Name=${PROFILE}
[Stream1]
EnableMultitrackVideo=${whip === undefined}
[Output]
Mode=${whip === "av1" ? "Advanced" : "Simple"}
Reconnect=true
RetryDelay=1
[SimpleOutput]
VBitrate=800
ABitrate=128
StreamEncoder=x264
StreamAudioEncoder=${whip === undefined ? "aac" : "opus"}
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=30
[AdvOut]
Encoder=ffmpeg_svt_av1
AudioEncoder=ffmpeg_opus
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=0
FPSCommon=30
[Audio]
SampleRate=48000
ChannelSetup=Stereo
`;

const ITEM = {
  ...{ name: "Colour", id: 1, visible: true, locked: false, rot: 0, align: 5 },
  ...{ pos: { x: 0, y: 0 }, scale: { x: 1, y: 1 }, bounds_type: 0, bounds: { x: 0, y: 0 } },
  ...{ crop_left: 0, crop_top: 0, crop_right: 0, crop_bottom: 0 },
};
const SCENES = {
  ...{ name: PROFILE, current_scene: "Scene", current_program_scene: "Scene" },
  scene_order: [{ name: "Scene" }],
  sources: [
    { id: "scene", name: "Scene", settings: { id_counter: 1, items: [ITEM] } },
    {
      ...{ id: "color_source_v3", versioned_id: "color_source_v3", name: "Colour" },
      settings: { color: 0xff00aa00, width: 640, height: 360 },
    },
  ],
};

/**
 * Starts OBS on a virtual display; it begins to publish by itself.
 *
 * @param server as in its settings: "rtmp://127.0.0.1:1935/live", or the endpoint of WHIP; "auto" for
 *   what the URL answers
 * @param key stream key, with a query if need be
 */
export async function startObs(
  server: string,
  key: string,
  { configUrl, whip, controlPort }: ObsOptions = {},
): Promise<PeerProcess> {
  // OBS 30 has a root of its own, and its files in it.
  const is30 = configUrl !== undefined || whip !== undefined;
  const root = is30 ? OBS30_ROOT : "";
  const [program, ...first] = peerCommand(is30 ? "obs 30" : "obs");
  const home = await Deno.makeTempDir({ dir: `${root}/tmp` });
  const display = await startDisplay();
  const end = async () => {
    await display.process[Symbol.asyncDispose]();
    await Deno.remove(home, { recursive: true });
  };
  try {
    await writeSettings(
      `${home}/obs-studio`,
      whip !== undefined
        ? { type: "whip_custom", settings: { server, bearer_token: key } }
        : { type: "rtmp_custom", settings: { server, key, use_auth: false } },
      whip,
    );
    if (controlPort !== undefined) {
      const folder = `${home}/obs-studio/plugin_config/obs-websocket`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/config.json`, controlSettings(controlPort));
    }
    const inRoot = home.slice(root.length);
    const obs = spawnPeer(program, [
      ...[...first, "--multi", "--startstreaming", "--minimize-to-tray"],
      ...(configUrl === undefined ? [] : ["--config-url", configUrl]),
    ], {
      env: {
        ...{ HOME: inRoot, XDG_CONFIG_HOME: inRoot, XDG_RUNTIME_DIR: inRoot },
        ...{ DISPLAY: display.name, LIBGL_ALWAYS_SOFTWARE: "1" },
      },
    });
    const endBoth = async () => {
      await obs[Symbol.asyncDispose]();
      await end();
    };
    let ending: Promise<void> | undefined;
    return {
      ended: obs.ended,
      output: obs.output,
      [Symbol.asyncDispose]: () => ending ??= endBoth(),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startDisplay() {
  // It chooses a free number, and prints it when it is ready.
  const screen = ["-screen", "0", "1280x720x24", "-nolisten", "tcp"];
  const process = spawnPeer("Xvfb", ["-displayfd", "1", ...screen]);
  const number = await until("the display is there", () => /^(\d+)$/m.exec(process.output())?.[1]);
  return { process, name: `:${number}` };
}

/** Of where it publishes to. */
interface ObsService {
  readonly type: "rtmp_custom" | "whip_custom";
  readonly settings: Readonly<Record<string, unknown>>;
}

async function writeSettings(
  folder: string,
  service: ObsService,
  whip: WhipCodec | undefined,
): Promise<void> {
  const profile = `${folder}/basic/profiles/${PROFILE}`;
  await Deno.mkdir(profile, { recursive: true });
  await Deno.mkdir(`${folder}/basic/scenes`, { recursive: true });
  await Deno.writeTextFile(`${folder}/global.ini`, GLOBAL_INI);
  await Deno.writeTextFile(
    `${profile}/basic.ini`,
    profileIni(whip),
  );
  await Deno.writeTextFile(`${profile}/service.json`, JSON.stringify(service));
  await Deno.writeTextFile(`${folder}/basic/scenes/${PROFILE}.json`, JSON.stringify(SCENES));
}
