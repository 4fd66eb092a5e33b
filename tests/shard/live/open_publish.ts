import { getLogger } from "@logtape/logtape";
import type { Allowed } from "../../../src/access/access.ts";
import { allocateCounters, Counters } from "../../../src/metrics/counters.ts";
import { ControlLink } from "../../../src/shard/control_link.ts";
import { Clients } from "../../../src/shard/live/clients.ts";
import { PublishSession } from "../../../src/shard/live/publish_session.ts";
import { Publishers } from "../../../src/shard/live/publishers.ts";
import type { ToControl } from "../../../src/shard/messages.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { accessRequest } from "../../access/requests.ts";
import { SHARD_SETTINGS } from "../shard_settings.ts";
import { testStreams } from "../test_streams.ts";

export const ALLOWED: Allowed = { kind: "allow", decidedBy: "key a", subject: "key a" };
const SHARD = 0;
const STREAM_ID = 1;

/** Somebody who publishes, and what its shard has told control since. */
export async function openPublish() {
  const told: ToControl[] = [];
  const control = new ControlLink((message) => {
    if (message.kind !== "publish") return void told.push(message);
    const { requestId } = message;
    queueMicrotask(() =>
      control.settle({ kind: "publish-accepted", requestId, streamId: STREAM_ID, sent: undefined })
    );
  });
  const streams = testStreams(control);
  streams.open({
    streamId: STREAM_ID,
    path: "live/test",
    log: LogWriter.allocate(1 << 20),
    maxViewers: undefined,
    isUnlisted: false,
  });
  const counters = new Counters(allocateCounters(1), SHARD);
  const session = await PublishSession.open({
    settings: SHARD_SETTINGS,
    streams,
    control,
    counters,
    access: { decide: () => ALLOWED },
    clients: new Clients(counters),
    publishers: new Publishers(),
    shard: SHARD,
  }, {
    asked: accessRequest(),
    from: { hostname: "192.0.2.7", port: 1 },
    owner: { network: undefined, owner: 0 },
    left: new AbortController().signal,
    log: getLogger("test"),
    ended() {},
  });
  if (!(session instanceof PublishSession)) throw new Error(session.reason);
  return { session, kinds: () => told.map(({ kind }) => kind) };
}
