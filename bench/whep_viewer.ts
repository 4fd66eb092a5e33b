/** A WebRTC viewer without browser: signalling, ICE, DTLS and what it takes to receive. */
import { randomBytes } from "node:crypto";
import { datagramKind } from "../src/webrtc/datagram_kind.ts";
import type { DtlsCertificate } from "../src/webrtc/dtls/certificate.ts";
import { createIceCredentials } from "../src/webrtc/ice/credentials.ts";
import { DtlsViewer } from "../testing/webrtc/whep_dtls.ts";
import { type Link, openLink } from "../testing/webrtc/whep_link.ts";
import { WhepMedia } from "./whep_media.ts";
import {
  type AnsweredTrack,
  readWhepAnswer,
  type WhepAnswer,
  writeWhepOffer,
} from "../testing/webrtc/whep_sdp.ts";
import { answerCheck, isCheckAnswer, writeCheck } from "../testing/webrtc/whep_stun.ts";

/** Where a viewer joins, always on loopback, and by which candidate. */
export interface WhepAddress {
  readonly transport: "udp" | "tcp";
  readonly httpPort: number;
  /** For example `/live/bench/whep`. */
  readonly path: string;
}

/** Milliseconds from before the POST; what did not happen yet is `undefined`. */
export interface WhepTimes {
  answerMs: number | undefined;
  /** The first check was answered. */
  checkMs: number | undefined;
  /** Keys are there. */
  keysMs: number | undefined;
}

/** Chromium repeats checks that are not answered some twenty times a second. */
const CHECK_INTERVAL_MS = 50;
/** RFC 7675 5.1 wants about five seconds; Chromium asks every two and a half. */
const CONSENT_INTERVAL_MS = 2500;
const REPORT_INTERVAL_MS = 1000;
/** Chromium tells how packets came ten to twenty times a second; the owner ticks twice as often. */
const FEEDBACK_INTERVAL_MS = 50;
/** Media that overtakes the end of the handshake is kept, up to so many datagrams. */
const MAX_EARLY_DATAGRAMS = 64;

/**
 * One viewer with a socket of its own. Timers are its owner's: {@linkcode tick} is to be called
 * some twenty times a second.
 */
export class WhepViewer {
  readonly times: WhepTimes = { answerMs: undefined, checkMs: undefined, keysMs: undefined };
  /** Checks sent, and those that were answered with the right password. */
  checks = 0;
  consents = 0;
  failure: string | undefined;
  readonly #address: WhepAddress;
  readonly #certificate: DtlsCertificate;
  readonly #local = createIceCredentials(randomBytes);
  readonly #startMs = performance.now();
  readonly #sinceStart = () => performance.now() - this.#startMs;
  #session: string | undefined;
  #answer: WhepAnswer | undefined;
  #link: Link | undefined;
  #dtls: DtlsViewer | undefined;
  #media: WhepMedia | undefined;
  #early: Uint8Array[] = [];
  readonly #settled = Promise.withResolvers<void>();
  #isLeaving = false;
  #nextCheckMs = Infinity;
  #nextReportMs = Infinity;
  #nextFeedbackMs = -Infinity;

  constructor(address: WhepAddress, certificate: DtlsCertificate) {
    this.#address = address;
    this.#certificate = certificate;
  }

  /** What it receives, once it has keys. */
  get media(): WhepMedia | undefined {
    return this.#media;
  }

  get tracks(): readonly AnsweredTrack[] {
    return this.#answer?.tracks ?? [];
  }

  /** Resolves with the first packet of a key frame, or the first failure. */
  untilKeyFrame(): Promise<void> {
    return this.#settled.promise;
  }

  /** Asks to watch, and starts to connect: the rest comes by itself. */
  async join(): Promise<void> {
    try {
      await this.#open(await this.#post());
    } catch (error) {
      this.#fail(`${error}`);
    }
  }

  tick(): void {
    const nowMs = performance.now();
    if (nowMs >= this.#nextCheckMs) this.#check(nowMs);
    this.#sendFeedback(nowMs);
    if (nowMs >= this.#nextReportMs && this.#media !== undefined) {
      this.#nextReportMs = nowMs + REPORT_INTERVAL_MS;
      if (this.#media.sources.length > 0) this.#link!.send(this.#media.writeReport(nowMs));
    }
  }

  #sendFeedback(nowMs: number): void {
    if (nowMs < this.#nextFeedbackMs || this.#media?.hasFeedback !== true) return;
    this.#nextFeedbackMs = nowMs + FEEDBACK_INTERVAL_MS;
    this.#link!.send(this.#media.writeFeedback());
  }

  /** Tells the server, and closes the socket. */
  async leave(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#nextCheckMs = this.#nextReportMs = this.#nextFeedbackMs = Infinity;
    this.#dtls?.close();
    this.#link?.close();
    if (this.#session === undefined) return;
    const response = await fetch(this.#session, { method: "DELETE" });
    await response.body?.cancel();
    if (!response.ok) this.failure ??= `DELETE gave ${response.status}`;
  }

  async #post(): Promise<WhepAnswer> {
    const url = `http://127.0.0.1:${this.#address.httpPort}${this.#address.path}`;
    const { fingerprint } = this.#certificate;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: writeWhepOffer({ credentials: this.#local, fingerprint }),
    });
    const body = await response.text();
    if (response.status !== 201) throw new Error(`POST gave ${response.status}: ${body.trim()}`);
    this.times.answerMs = this.#sinceStart();
    const location = response.headers.get("location");
    if (location === null) throw new Error("POST gave no location");
    this.#session = new URL(location, url).href;
    return readWhepAnswer(body);
  }

  async #open(answer: WhepAnswer): Promise<void> {
    const { transport } = this.#address;
    const candidate = answer.candidates.find((one) => one.transport === transport);
    if (candidate === undefined) throw new Error(`Answer has no candidate over ${transport}`);
    const link = await openLink(candidate);
    if (this.#isLeaving) return link.close();
    this.#answer = answer;
    this.#link = link;
    link.receive((datagram) => this.#take(datagram)).then(
      () => this.#isLeaving || this.#fail("server closed the connection"),
      (error) => this.#fail(`${error}`),
    );
    this.#check(performance.now());
  }

  #check(nowMs: number): void {
    const isConnected = this.times.checkMs !== undefined;
    this.#nextCheckMs = nowMs + (isConnected ? CONSENT_INTERVAL_MS : CHECK_INTERVAL_MS);
    this.checks++;
    this.#link!.send(writeCheck(this.#local, this.#answer!.remote));
  }

  #take(datagram: Uint8Array): void {
    // What arrives most is found out first.
    const isMedia = datagram[0]! >> 6 === 2 && (datagram[1]! < 192 || datagram[1]! > 223);
    if (isMedia && this.#media !== undefined) {
      return this.#media.takeRtp(datagram, this.#sinceStart);
    }
    switch (datagramKind(datagram)) {
      case "stun":
        return this.#takeStun(datagram);
      case "dtls":
        return this.#dtls?.receive(datagram);
      case "rtp":
        if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(datagram.slice());
        return;
      case "rtcp":
        return this.#media?.takeRtcp(datagram, performance.now());
      default:
        this.#fail(`datagram of no kind: ${datagram.subarray(0, 4)}`);
    }
  }

  #takeStun(datagram: Uint8Array): void {
    const answer = answerCheck(datagram, this.#local, this.#link!.server);
    if (answer !== undefined) return this.#link!.send(answer);
    if (!isCheckAnswer(datagram, this.#answer!.remote)) return this.#fail("check was refused");
    this.consents++;
    if (this.times.checkMs !== undefined) return;
    this.times.checkMs = this.#sinceStart();
    this.#nextCheckMs = performance.now() + CONSENT_INTERVAL_MS;
    this.#dtls = new DtlsViewer({
      certificate: this.#certificate,
      fingerprint: this.#answer!.fingerprint,
      send: (bytes) => this.#link!.send(bytes),
      onConnected: (keys) => this.#connected(keys),
      onFailure: (reason) => this.#fail(reason),
    });
    this.#dtls.start();
  }

  #connected(exportedKeys: Uint8Array): void {
    this.times.keysMs = this.#sinceStart();
    this.#nextReportMs = performance.now() + REPORT_INTERVAL_MS;
    const media = new WhepMedia(this.tracks, exportedKeys, this.#settled.resolve);
    this.#media = media;
    for (const datagram of this.#early) media.takeRtp(datagram, this.#sinceStart);
    this.#early = [];
  }

  #fail(reason: string): void {
    if (this.#isLeaving) return;
    this.failure ??= reason;
    this.#settled.resolve();
  }
}
