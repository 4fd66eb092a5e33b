// @ts-check
/// <reference lib="dom" />
/** One WebRTC session over WHEP: from the offer to its end, onto a video element. */
import { WebRtcProgress } from "./webrtc_progress.js";
import { readCounts, WebRtcStatistics } from "./webrtc_statistics.js";
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  END_DETAILS,
  RtcConnection,
} from "./rtc_connection.js";
import { describeUnreachable } from "./whep_failure.js";
import { LayerChoice } from "./layer_choice.js";
import { SessionEvents } from "./session_events.js";
import { withStereoOpus } from "./whep_offer.js";
import { endSession, postOffer } from "./whep_signalling.js";

/** @import { Failure } from "./playback_failure.js" */
/** @import { Engine, EngineListener } from "./playback_engine.d.ts" */
/** @import { ConnectionEnd } from "./rtc_connection.js" */
/** @import { WhepAnswer } from "./whep_signalling.js" */

/** How often it is looked whether anything new is shown: each look costs the browser something. */
const LOOK_INTERVAL_MS = 500;

/** @type {Failure} */
const PINNED = { kind: "pinned", detail: "This connection cannot be sent another quality" };

/**
 * Joins when it is made; whoever makes it destroys it, once, which also ends the session at the
 * gateway. It tells one failure at most, and nothing after it was destroyed.
 *
 * @implements {Engine}
 */
export class WhepEngine {
  #video;
  #listener;
  #peer = new RTCPeerConnection();
  #statistics = new WebRtcStatistics();
  #progress = new WebRtcProgress();
  #isLooking = false;
  #lookedAtMs = -Infinity;
  #connection = new RtcConnection(performance.now());
  /** SDP; empty before it has come. */
  #answer = "";
  /** @type {string | undefined} the session's address at the gateway */
  #resource;
  /** @type {SessionEvents | undefined} */
  #events;
  /** @type {LayerChoice | undefined} */
  #layers;
  /** @type {string | undefined} */
  #wantedLayer;
  /** @type {MediaStream | undefined} what has come, shown once it is connected */
  #media;
  #isShown = false;
  #isOver = false;
  #leave = () => this.destroy();

  /**
   * @param {HTMLVideoElement} video
   * @param {string} url of the WHEP endpoint
   * @param {EngineListener} listener
   */
  constructor(video, url, listener) {
    this.#video = video;
    this.#listener = listener;
    const peer = this.#peer;
    for (const event of ["connectionstatechange", "iceconnectionstatechange"]) {
      peer.addEventListener(event, () => {
        this.#connection.handlePeer(
          peer.iceConnectionState,
          peer.connectionState,
          performance.now(),
        );
        this.#checkConnection();
      });
    }
    peer.addEventListener("track", ({ track, streams: [stream] }) => {
      this.#collect(stream ?? new MediaStream([track]));
    });
    // A page that is closed tells nobody: the gateway would send until its time-out.
    addEventListener("pagehide", this.#leave);
    this.#join(url);
  }

  get isConnected() {
    return this.#connection.state === "connected";
  }

  get position() {
    return this.#progress.position;
  }

  get quality() {
    return this.#events?.quality;
  }

  /** @param {string | undefined} layer */
  chooseLayer(layer) {
    this.#wantedLayer = layer;
    this.#layers?.choose(layer, performance.now());
  }

  /** @param {number} nowMs */
  handleTimeout(nowMs) {
    this.#layers?.handleTimeout(nowMs);
    this.#connection.handleTimeout(nowMs);
    this.#checkConnection();
    if (!this.#isOver && nowMs - this.#lookedAtMs >= LOOK_INTERVAL_MS) this.#look(nowMs);
  }

  async readFigures() {
    const figures = this.#statistics.read(await this.#readReport());
    return /** @type {const} */ ({ kind: "webrtc", ...figures });
  }

  /** @param {number} nowMs */
  async #look(nowMs) {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#lookedAtMs = nowMs;
    try {
      this.#progress.take(readCounts(await this.#readReport()));
    } catch {
      // A connection that was closed meanwhile has no report.
    } finally {
      this.#isLooking = false;
    }
  }

  async #readReport() {
    const report = await this.#peer.getStats();
    // The DOM's types know neither its iterator nor its records.
    return /** @type {Map<string, Record<string, unknown>>} */ (/** @type {unknown} */ (
      report
    )).values();
  }

  destroy() {
    if (this.#isOver) return;
    this.#isOver = true;
    removeEventListener("pagehide", this.#leave);
    // Another may have taken its place there.
    if (this.#isShown && this.#video.srcObject === this.#media) this.#video.srcObject = null;
    this.#events?.close();
    // Closing tells the gateway too; if it came first, there would be no session to delete.
    if (this.#resource === undefined) this.#peer.close();
    else endSession(this.#resource).finally(() => this.#peer.close());
  }

  /** @param {string} url */
  async #join(url) {
    const peer = this.#peer;
    try {
      peer.addTransceiver("video", { direction: "recvonly" });
      peer.addTransceiver("audio", { direction: "recvonly" });
      const offer = await peer.createOffer();
      const sdp = withStereoOpus(offer.sdp ?? "");
      await peer.setLocalDescription({ type: "offer", sdp });
      // Without candidates: the gateway's are enough, the checks tell it where the browser is.
      const reply = await postOffer(url, sdp, ANSWER_TIMEOUT_MS);
      if (reply.kind === "failure") {
        this.#fail(reply.failure);
        return;
      }
      if (this.#isOver) {
        if (reply.resource !== undefined) endSession(reply.resource);
        return;
      }
      this.#resource = reply.resource;
      this.#openExtensions(reply);
      this.#answer = reply.sdp;
      this.#connection.handleAnswer(performance.now());
      await peer.setRemoteDescription({ type: "answer", sdp: reply.sdp });
      this.#watchTransport();
    } catch (error) {
      // Closing the connection in between rejects what is under way.
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail({ kind: "media", detail: `WebRTC could not be set up: ${reason}` });
    }
  }

  /** @param {WhepAnswer} answer */
  #openExtensions({ events, layers }) {
    if (events !== undefined) {
      this.#events = new SessionEvents(events, () => this.#listener.onReconnect());
    }
    if (layers !== undefined) {
      this.#layers = new LayerChoice(layers, () => this.#fail(PINNED));
      this.#layers.choose(this.#wantedLayer, performance.now());
    } else if (this.#wantedLayer !== undefined) this.#fail(PINNED);
  }

  /** All media share one. */
  #watchTransport() {
    const transport = this.#peer.getReceivers()[0]?.transport;
    transport?.addEventListener("statechange", () => {
      if (transport.state !== "closed") return;
      this.#connection.handleClosing();
      this.#checkConnection();
    });
  }

  /** @param {MediaStream} stream */
  #collect(stream) {
    const known = this.#media;
    this.#media ??= stream;
    // Tracks that came without a common stream.
    if (known && known !== stream) stream.getTracks().forEach((track) => known.addTrack(track));
  }

  /** Not before, so that it may take the place of one that is shown. */
  #show() {
    if (this.#isShown || this.#isOver || !this.#media) return;
    this.#isShown = true;
    this.#video.srcObject = this.#media;
    this.#listener.onMedia();
  }

  #checkConnection() {
    const { end } = this.#connection;
    if (end !== undefined) this.#fail(this.#describeEnd(end));
    else if (this.isConnected) this.#show();
  }

  /**
   * @param {ConnectionEnd} end
   * @returns {Failure}
   */
  #describeEnd(end) {
    switch (end) {
      case "unreachable":
        return describeUnreachable(this.#answer, CONNECT_TIMEOUT_MS);
      case "closed":
        // There is none to be deleted.
        this.#resource = undefined;
        return { kind: "changed", detail: "The gateway has ended the connection" };
      default:
        return { kind: "network", detail: END_DETAILS[end] };
    }
  }

  /** @param {Failure} failure */
  #fail(failure) {
    if (!this.#isOver) this.#listener.onFailure(failure);
  }
}
