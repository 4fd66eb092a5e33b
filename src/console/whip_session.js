// @ts-check
/// <reference lib="dom" />
/** One WebRTC session that sends: pictures and sound to the gateway (WHIP). */
import { restartedAnswer, restartFragment } from "./ice_restart.js";
import { PathWatch } from "./path_watch.js";
import { offeredCodecs } from "./publisher_choice.js";
import {
  ANSWER_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  END_DETAILS,
  RtcConnection,
} from "./rtc_connection.js";
import { describeUnreachable } from "./whep_failure.js";
import { readTraffic } from "./stats_report.js";
import { endPublication, patchSession, postPublication } from "./whip_signalling.js";

/** @import { ConnectionEnd } from "./rtc_connection.js" */
/** @import { PublishFailure } from "./whip_failure.js" */

/**
 * Where to publish, and with what.
 *
 * @typedef {{ url: string, token: string }} PublishTarget
 *
 * What is sent. A kind without a track may get one later.
 *
 * @typedef {object} SentMedia
 * @property {MediaStreamTrack | undefined} video
 * @property {MediaStreamTrack | undefined} audio
 * @property {RTCRtpEncodingParameters[]} encodings of the pictures
 * @property {string} codec of the pictures, by its name in SDP; "" for the browser's choice
 *
 * @typedef {object} SessionListener
 * @property {(isConnected: boolean) => void} onConnection each time that this changes
 * @property {(failure: PublishFailure) => void} onFailure the session is to be ended
 */

/** A path that was asked for is waited for before another is. */
const RESTART_INTERVAL_MS = 2500;
/** How often it is looked whether anything comes back. */
const LOOK_INTERVAL_MS = 400;

/**
 * Publishes when it is made; whoever makes it ends it, once, which also ends it at the gateway. It
 * tells one failure at most, and nothing after it was ended.
 */
export class WhipSession {
  #target;
  #listener;
  #peer = new RTCPeerConnection();
  #connection = new RtcConnection(performance.now());
  /** @type {Record<"audio" | "video", RTCRtpTransceiver> | undefined} */
  #transceivers;
  /** SDP; empty before it has come. */
  #answer = "";
  /** @type {string | undefined} the session's address at the gateway */
  #resource;
  #restartedAtMs = -Infinity;
  #isRestarting = false;
  #path = new PathWatch();
  #lookedAtMs = -Infinity;
  #isConnected = false;
  #isOver = false;
  #seekPath = () => this.#restart(performance.now());

  /**
   * @param {PublishTarget} target
   * @param {SentMedia} media
   * @param {SessionListener} listener
   */
  constructor(target, media, listener) {
    this.#target = target;
    this.#listener = listener;
    const peer = this.#peer;
    for (const event of ["connectionstatechange", "iceconnectionstatechange"]) {
      peer.addEventListener(event, () => this.#handlePeer());
    }
    // Another network, which a browser may have found before it misses the old one.
    addEventListener("online", this.#seekPath);
    this.#open(media);
  }

  /** To be called often. @param {number} nowMs */
  handleTimeout(nowMs) {
    this.#connection.handleTimeout(nowMs);
    this.#checkConnection();
    if (this.#connection.state === "disconnected") this.#restart(nowMs);
    else if (this.#isConnected && nowMs - this.#lookedAtMs >= LOOK_INTERVAL_MS) this.#look(nowMs);
  }

  /**
   * Sends another track from now on, or none.
   *
   * @param {"audio" | "video"} kind
   * @param {MediaStreamTrack | undefined} track
   */
  async replaceTrack(kind, track) {
    await this.#transceivers?.[kind].sender.replaceTrack(track ?? null);
  }

  /**
   * Sends pictures with these bitrates from now on, as many of them as there are.
   *
   * @param {RTCRtpEncodingParameters[]} encodings
   */
  async limit(encodings) {
    const sender = this.#transceivers?.video.sender;
    const parameters = sender?.getParameters();
    for (const sent of parameters?.encodings ?? []) {
      const wanted = encodings.find(({ rid }) => rid === sent.rid) ?? encodings.at(-1);
      if (wanted?.maxBitrate !== undefined) sent.maxBitrate = wanted.maxBitrate;
    }
    try {
      if (parameters) await sender?.setParameters(parameters);
    } catch (error) {
      // One that ends meanwhile takes no others.
      if (!this.#isOver) throw error;
    }
  }

  /** @returns {Promise<Iterable<Record<string, unknown>>>} */
  async readReport() {
    const report = await this.#peer.getStats();
    // The DOM's types know neither its iterator nor its records.
    return /** @type {Map<string, Record<string, unknown>>} */ (/** @type {unknown} */ (
      report
    )).values();
  }

  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    removeEventListener("online", this.#seekPath);
    // Closing tells the gateway too; if it came first, there would be no session to delete.
    if (this.#resource === undefined) this.#peer.close();
    else endPublication(this.#resource, this.#target.token).finally(() => this.#peer.close());
  }

  /** @param {SentMedia} media */
  #addMedia({ video, audio, encodings, codec }) {
    const peer = this.#peer;
    // One stream: the gateway and viewers keep both in step.
    const streams = [new MediaStream()];
    const common = /** @type {const} */ ({ direction: "sendonly", streams });
    const transceivers = {
      audio: peer.addTransceiver(audio ?? "audio", common),
      video: peer.addTransceiver(video ?? "video", { ...common, sendEncodings: encodings }),
    };
    const known = RTCRtpSender.getCapabilities?.("video")?.codecs ?? [];
    const offered = codec === "" ? [] : offeredCodecs(known, codec);
    if (offered.length > 0) transceivers.video.setCodecPreferences?.(offered);
    return transceivers;
  }

  /** @param {SentMedia} media */
  async #open(media) {
    const peer = this.#peer;
    const { url, token } = this.#target;
    // Nothing is told before the caller knows this session.
    await undefined;
    try {
      this.#transceivers = this.#addMedia(media);
      await peer.setLocalDescription();
      // Without candidates: the gateway's are enough, the checks tell it where the browser is.
      const offer = peer.localDescription?.sdp ?? "";
      const reply = await postPublication(url, token, offer, ANSWER_TIMEOUT_MS);
      if (reply.kind === "failure") return this.#fail(reply.failure);
      if (this.#isOver) {
        if (reply.resource !== undefined) endPublication(reply.resource, token);
        return;
      }
      this.#resource = reply.resource;
      this.#answer = reply.sdp;
      this.#connection.handleAnswer(performance.now());
      await peer.setRemoteDescription({ type: "answer", sdp: reply.sdp });
      this.#watchTransport();
    } catch (error) {
      // Closing the connection in between rejects what is under way.
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail({ kind: "unsupported", detail: `WebRTC could not be set up: ${reason}` });
    }
  }

  /** @param {number} nowMs */
  async #look(nowMs) {
    this.#lookedAtMs = nowMs;
    try {
      const traffic = readTraffic(await this.readReport());
      if (this.#path.isSilent(traffic, nowMs)) this.#restart(nowMs);
    } catch {
      // A connection that was closed meanwhile has no report.
    }
  }

  /**
   * Looks for another path, over which the session goes on as it is.
   *
   * @param {number} nowMs
   */
  async #restart(nowMs) {
    const resource = this.#resource;
    if (this.#isOver || resource === undefined || this.#isRestarting) return;
    if (nowMs - this.#restartedAtMs < RESTART_INTERVAL_MS) return;
    this.#restartedAtMs = nowMs;
    const peer = this.#peer;
    // One at a time: to roll one back that is not answered would roll back the next.
    this.#isRestarting = true;
    try {
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      const { token } = this.#target;
      const fragment = restartFragment(peer.localDescription?.sdp ?? "");
      const reply = await patchSession({ resource, token }, fragment, RESTART_INTERVAL_MS);
      if (this.#isOver) return;
      if (reply.kind === "restarted") {
        this.#answer = restartedAnswer(this.#answer, reply.fragment);
        await peer.setRemoteDescription({ type: "answer", sdp: this.#answer });
      } else if (reply.kind === "gone") {
        this.#fail({ kind: "network", detail: "The gateway has forgotten the session" });
      } else {
        // Without an answer the old path counts, should it come back.
        await peer.setLocalDescription({ type: "rollback" });
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail({ kind: "network", detail: `No other path could be looked for: ${reason}` });
    } finally {
      this.#isRestarting = false;
    }
  }

  /** All media share one. */
  #watchTransport() {
    const transport = this.#peer.getSenders()[0]?.transport;
    transport?.addEventListener("statechange", () => {
      if (transport.state !== "closed") return;
      this.#connection.handleClosing();
      this.#checkConnection();
    });
  }

  #handlePeer() {
    const { iceConnectionState, connectionState } = this.#peer;
    this.#connection.handlePeer(iceConnectionState, connectionState, performance.now());
    this.#checkConnection();
  }

  #checkConnection() {
    const { end, state } = this.#connection;
    if (end !== undefined) return this.#fail(this.#describeEnd(end));
    const isConnected = state === "connected";
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    if (!this.#isOver) this.#listener.onConnection(isConnected);
  }

  /**
   * @param {ConnectionEnd} end
   * @returns {PublishFailure}
   */
  #describeEnd(end) {
    switch (end) {
      case "unreachable": {
        const { detail } = describeUnreachable(this.#answer, CONNECT_TIMEOUT_MS);
        return { kind: "network", detail };
      }
      case "closed":
        // There is none to be deleted.
        this.#resource = undefined;
        return { kind: "closed", detail: "The gateway has ended the session" };
      default:
        return { kind: "network", detail: END_DETAILS[end] };
    }
  }

  /** @param {PublishFailure} failure */
  #fail(failure) {
    if (!this.#isOver) this.#listener.onFailure(failure);
  }
}
