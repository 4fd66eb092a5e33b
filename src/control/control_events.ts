import type { Reload } from "../config/reload.ts";
import { type ApiEvent, apiEvent, type ApiEventName } from "../shard/api_event.ts";
import type { ToShard } from "../shard/messages.ts";
import { EventLog } from "./event_log.ts";
import type { SettingsInUse } from "./settings_in_use.ts";
import { type StreamChange, streamEvent } from "./stream_event.ts";
import { validityWarning, ValidityWatch } from "./validity_warning.ts";

/** What followers of the API are told of what control does. */
export class ControlEvents {
  readonly #log: EventLog;
  readonly #validity: ValidityWatch;

  constructor(
    settings: Pick<SettingsInUse, "certificate">,
    send: (shard: number, message: ToShard) => void,
  ) {
    this.#log = new EventLog(send);
    this.#validity = new ValidityWatch(
      () => settings.certificate,
      (warning) => this.tell("certificate", { warning }),
    );
  }

  tell(name: ApiEventName, facts: Readonly<Record<string, unknown>>): void {
    this.#log.add([apiEvent(name, Date.now(), facts)]);
  }

  /** Passes on what a shard tells. */
  take(events: readonly ApiEvent[]): void {
    this.#log.add(events);
  }

  streamChanged(change: StreamChange): void {
    this.#log.add([streamEvent(change)]);
  }

  /** The settings have changed: by their names, as what they are may be secret. */
  reloaded(
    { changed, revoke, recheck }: Reload,
    { config, certificate }: Pick<SettingsInUse, "config" | "certificate">,
  ): void {
    this.tell("reloaded", { changed, revoked: revoke.length, recheck });
    if (changed.includes("logLevel")) this.tell("log-level", { logLevel: config.logLevel });
    if (!changed.includes("tls") || certificate === undefined) return;
    const { fingerprint, validToMs } = certificate.facts;
    const warning = validityWarning(certificate.facts, Date.now()) ?? null;
    this.tell("certificate", { fingerprint, validTo: validToMs, warning });
  }

  /** Whether somebody follows at a shard. */
  follow(shard: number, isFollowing: boolean): void {
    this.#log.follow(shard, isFollowing);
  }

  shardLost(shard: number): void {
    this.#log.shardLost(shard);
    this.tell("shard-lost", { shard });
  }

  close(): void {
    this.#validity.close();
  }
}
