import type { Contact } from "./permissions.ts";
import type { Config } from "./schema.ts";

type AccessConfig = Config["access"];

/** What is done with whom no source knows: if nothing is configured, everybody is let in. */
export function otherwiseOf(
  access: AccessConfig,
  hasFunction: boolean,
): { readonly publish: "allow" | "refuse"; readonly play: "allow" | "refuse" } {
  const { publish, play } = access.otherwise;
  const isConfigured = hasFunction || access.rules.length > 0 || access.keys.length > 0 ||
    access.signedUrls.secrets.length > 0 || access.jwt !== undefined ||
    access.hooks.some(({ decides }) => decides);
  const implied = isConfigured ? "refuse" : "allow";
  return { publish: publish ?? implied, play: play ?? implied };
}

/**
 * What whoever starts the gateway is to know: who has not been named, and may all the same;
 * `undefined` if nobody.
 */
export function opennessOf(access: AccessConfig, hasFunction: boolean): string | undefined {
  const otherwise = otherwiseOf(access, hasFunction);
  const isOpen = (action: "publish" | "play") => otherwise[action] === "allow";
  if (!isOpen("publish") && !isOpen("play")) return undefined;
  const what = !isOpen("play") ? "publish" : isOpen("publish") ? "publish and watch" : "watch";
  const isChosen = access.otherwise.publish !== undefined || access.otherwise.play !== undefined;
  const remedy = isChosen
    ? "access.otherwise says so"
    : "access.keys, rules, jwt or hooks close it: see docs/access.md; --host 127.0.0.1 for this " +
      "machine only";
  return `OPEN: whoever reaches the ports may ${what}; ${remedy}`;
}

/** What has to be shown by whom no rule lets in. */
export interface NeededCredentials {
  /** Kinds of tokens, of which one will do, each in words. */
  readonly tokens: readonly string[];
  /** Whether there are rules, which may let others in. */
  readonly hasRules: boolean;
}

/** What it takes to publish or play; `undefined` where everybody may. */
export function credentialsOf(
  access: AccessConfig,
  action: "publish" | "play",
): NeededCredentials | undefined {
  if (otherwiseOf(access, false)[action] === "allow") return undefined;
  const { keys, signedUrls, jwt, hooks, rules } = access;
  const asked = action === "publish" ? "on_publish" : "on_play";
  const tokens = [
    ...(keys.some(({ actions }) => actions.includes(action)) ? ["a stream key, ID.SECRET"] : []),
    ...(signedUrls.secrets.length > 0 ? ["a signed URL's, by `sluice sign-url`"] : []),
    ...(jwt !== undefined ? ["a JSON Web Token"] : []),
    ...(hooks.some(({ decides, events }) => decides && events.includes(asked))
      ? ["what a hook takes"]
      : []),
  ];
  const hasRules = rules.some(({ decision, actions }) =>
    decision === "allow" && actions.includes(action)
  );
  return { tokens, hasRules };
}

/** The servers that decisions need, by what names them. */
export function accessContacts({ jwt, hooks }: AccessConfig): Contact[] {
  const contacts = hooks.map(({ id, url }, at) => ({
    url,
    purpose: `access hook ${id ?? at + 1}`,
  }));
  if (jwt?.jwksUrl !== undefined) {
    contacts.push({ url: jwt.jwksUrl, purpose: "access.jwt.jwksUrl" });
  }
  return contacts.map(({ url, purpose }) => {
    const { hostname, port, protocol } = new URL(url);
    return {
      host: hostname.replaceAll(/[[\]]/g, ""),
      port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
      purpose,
    };
  });
}
