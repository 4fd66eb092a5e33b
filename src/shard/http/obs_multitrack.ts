import type { AccessDecision, AccessRequest, Refused } from "../../access/access.ts";
import { credentialsOf } from "../../access/credentials.ts";
import { QuestionRate } from "../../access/question_rate.ts";
import { withoutMistypedKeys } from "../../access/stream_keys.ts";
import type { NetworkList } from "../../address/network_list.ts";
import {
  type IngestEndpoint,
  type MultitrackConfiguration,
  multitrackConfiguration,
  multitrackRefusal,
} from "../../obs/multitrack_configuration.ts";
import { parseMultitrackRequest } from "../../obs/multitrack_request.ts";
import { ObsError } from "../../obs/obs_error.ts";
import { streamTarget, targetProblem } from "../../rtmp/message/stream_name.ts";
import { streamPath } from "../../stream/stream_path.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { jsonAnswer } from "./routing/answers.ts";
import { clientAddress } from "./routing/questions.ts";
import { type ReachedBy, reachedBy } from "./routing/reached_by.ts";
import type { HttpContext } from "./routing/route_context.ts";
import type { Route, RoutedRequest } from "./routing/route_table.ts";

const DEFAULT_APP = "live";

/** Times that an address may ask at once, of each shard: OBS does so whenever it begins. */
const QUESTIONS_AT_ONCE = 20;

/** A name that OBS may have for an encoder. */
const ENCODER = /^[\w.-]{1,64}$/;

type MultitrackContext = Pick<HttpContext, "access" | "counters" | "proxies" | "settings">;

/**
 * Tells OBS, started with `--config-url`, where to publish several qualities, and which ones:
 * `?app=` of the stream, and `?encoder=` by OBS's name.
 */
export function multitrackRoute(context: MultitrackContext): Route {
  const rate = new QuestionRate(QUESTIONS_AT_ONCE);
  return {
    method: "POST",
    pattern: "/obs/multitrack",
    access: "viewers",
    accepts: "application/json",
    handler: async (routed) => jsonAnswer(await configurationFor(context, rate, routed)),
  };
}

async function configurationFor(
  context: MultitrackContext,
  rate: QuestionRate,
  routed: RoutedRequest,
): Promise<MultitrackConfiguration> {
  const { query, request: { body } } = routed;
  const app = query.get("app") || DEFAULT_APP;
  try {
    const asked = parseMultitrackRequest(new TextDecoder().decode(body));
    const reached = reachedBy(routed, context.proxies, context.settings);
    const question = questionFor({ app, streamKey: asked.streamKey }, routed, context.proxies);
    const protocol = reached.isSecure ? "rtmps" : "rtmp";
    const decision = await decide(context, rate, { ...question, protocol });
    if (decision.kind === "refuse") {
      noteRefusal(routed, question.path, decision);
      return multitrackRefusal(decision.reason, asked);
    }
    return multitrackConfiguration(asked, {
      endpoints: endpointsOf(context.settings, reached, app),
      configId: crypto.randomUUID(),
      encoder: encoderOf(query),
    });
  } catch (error) {
    if (!(error instanceof ObsError)) throw error;
    context.counters.add("httpBadRequests");
    return multitrackRefusal(error.message);
  }
}

/** Who may, unless that is asked too often. */
function decide(
  { access, counters }: MultitrackContext,
  rate: QuestionRate,
  question: AccessRequest,
): AccessDecision | Promise<AccessDecision> {
  const refused = rate.refusal(question, performance.now());
  if (refused === undefined) return access.decide(question);
  const { action, protocol } = question;
  counters.tally("accessDecisions", { action, protocol, decision: refused.kind });
  counters.tally("accessRefusals", { protocol, cause: refused.cause });
  return refused;
}

/**
 * What is asked of who may before anything is told: the same as when it comes to publish.
 *
 * @throws {ObsError} if the key names no stream
 */
function questionFor(
  { app, streamKey }: { readonly app: string; readonly streamKey: string },
  routed: RoutedRequest,
  proxies: NetworkList,
): Omit<AccessRequest, "protocol"> {
  const { request: { headers }, addresses: { id } } = routed;
  const named = streamTarget({ app, query: "" }, streamKey);
  const wrong = targetProblem(named);
  if (wrong !== undefined) throw new ObsError(wrong);
  const target = streamPath(named.app, named.name);
  if ("problem" in target) throw new ObsError(target.problem);
  return {
    action: "publish",
    path: target.path,
    address: clientAddress(routed, proxies),
    credentials: credentialsOf({ query: named.query }),
    query: named.query,
    userAgent: headers.get("user-agent"),
    id,
    // It has not come to publish yet: who is only told of publishers is told then.
    isAgain: true,
  };
}

/** An encoder that is kept out is to be put right by somebody here. */
function noteRefusal(
  { addresses: { log } }: RoutedRequest,
  path: string,
  { cause, decidedBy }: Refused,
): void {
  log.warn("{peer} is not told how to publish {path} in several qualities: {cause} ({decidedBy})", {
    path: withoutMistypedKeys(path),
    cause,
    decidedBy,
  });
}

/** At the name that it was reached by; over TLS first, if that was: older OBS takes the first one. */
function endpointsOf(
  { tls, rtmpPort }: Pick<ShardSettings, "tls" | "rtmpPort">,
  { hostname, isSecure }: ReachedBy,
  app: string,
): readonly IngestEndpoint[] {
  const endpoint = (protocol: IngestEndpoint["protocol"], port: number): IngestEndpoint => {
    const scheme = protocol.toLowerCase();
    return { protocol, url_template: `${scheme}://${hostname}:${port}/${app}/{stream_key}` };
  };
  const plain = endpoint("RTMP", rtmpPort);
  if (tls === undefined) return [plain];
  const secure = endpoint("RTMPS", tls.rtmpsPort);
  return isSecure ? [secure, plain] : [plain, secure];
}

function encoderOf(query: URLSearchParams): string | undefined {
  const encoder = query.get("encoder") ?? undefined;
  if (encoder === undefined || ENCODER.test(encoder)) return encoder;
  throw new ObsError("Cannot choose an encoder: ?encoder= must be a name as OBS has them");
}
