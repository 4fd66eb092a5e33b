import { getLogger } from "@logtape/logtape";
import { BURST_INTERVAL_MS } from "../../rtp/gop_pacer.ts";
import type { DatagramSocket } from "../net/datagram_socket.ts";

/** A viewer that packets are to be sent to. */
export interface PumpedViewer {
  /** Its name in logs. */
  readonly loggedId: string;
  /** Whether what it was given before is on its way. */
  isReady(): boolean;
  /** Gives it the next packets; whether there are more that are due now. */
  sendNext(nowMs: number, unixMs: number): boolean;
  /** When packets are due though nothing new comes, as it is being paced. */
  readonly nextMs: number | undefined;
  /** It cannot be sent anything, for a reason that is a defect. */
  end(reason: string): void;
}

const logger = getLogger(["sluice", "webrtc"]);

/**
 * Sends packets to all viewers of a shard, a batch each in turn, as fast as the socket takes them.
 *
 * Nothing is queued: packets are protected when they can be sent, into memory that is used again
 * soon. A viewer that cannot take its packets is passed over until it can.
 */
export class RtpPump {
  readonly #socket: DatagramSocket | undefined;
  #due = new Set<PumpedViewer>();
  readonly #paced = new Set<PumpedViewer>();
  #pacing: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;

  constructor(socket: DatagramSocket | undefined) {
    this.#socket = socket;
  }

  /** There is something for a viewer. */
  wake(viewer: PumpedViewer): void {
    this.#due.add(viewer);
    if (!this.#isRunning) void this.#run();
  }

  remove(viewer: PumpedViewer): void {
    this.#due.delete(viewer);
    this.#paced.delete(viewer);
  }

  close(): void {
    clearTimeout(this.#pacing);
    this.#due.clear();
    this.#paced.clear();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Others that are woken in the same turn are to be served in the same round.
    await undefined;
    while (this.#due.size > 0) {
      const round = this.#due;
      this.#due = new Set();
      for (const viewer of round) {
        const room = this.#socket?.room();
        if (room !== undefined) await room;
        this.#serveSafely(viewer);
      }
    }
    this.#isRunning = false;
    this.#schedulePacing();
  }

  /** Whatever fails is a defect of ours, which must not keep the packets of all others. */
  #serveSafely(viewer: PumpedViewer): void {
    try {
      this.#serve(viewer);
    } catch (error) {
      logger.error("Cannot send to a viewer: {error}", { id: viewer.loggedId, error });
      this.#endSafely(viewer);
    }
  }

  #endSafely(viewer: PumpedViewer): void {
    this.remove(viewer);
    try {
      viewer.end("packets for it cannot be made");
    } catch (error) {
      logger.error("Cannot end a viewer: {error}", { id: viewer.loggedId, error });
    }
  }

  #serve(viewer: PumpedViewer): void {
    // Whoever is not ready says so when it is.
    if (!viewer.isReady()) return void this.#paced.delete(viewer);
    if (viewer.sendNext(performance.now(), Date.now())) this.#due.add(viewer);
    if (viewer.nextMs === undefined) this.#paced.delete(viewer);
    else this.#paced.add(viewer);
  }

  #schedulePacing(): void {
    if (this.#paced.size === 0 || this.#pacing !== undefined) return;
    this.#pacing = setTimeout(() => {
      this.#pacing = undefined;
      const nowMs = performance.now();
      for (const viewer of this.#paced) {
        if ((viewer.nextMs ?? nowMs) <= nowMs) this.wake(viewer);
      }
      this.#schedulePacing();
    }, BURST_INTERVAL_MS);
  }
}
