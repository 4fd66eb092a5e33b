/** The metrics that are counted by a name each. */

import type { NamedFamily, SeriesNameOf } from "./family.ts";

/** What there is at the moment. */
export const GAUGES = [
  {
    name: "sluice_connections",
    help: "Open connections.",
    series: {
      rtmpConnections: { protocol: "rtmp" },
      httpConnections: { protocol: "http" },
      adminConnections: { protocol: "admin" },
      webrtcTcpConnections: { protocol: "ice-tcp" },
      webtransportConnections: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_newcomers",
    help: "RTMP connections that neither publish nor play yet, and WebRTC peers that connect.",
    series: {
      rtmpNewcomers: { protocol: "rtmp" },
      webrtcNewcomers: { protocol: "whep" },
      whipNewcomers: { protocol: "whip" },
    },
  },
  {
    name: "sluice_list_listeners",
    help: "Clients that follow the list of streams.",
    series: { listListeners: {} },
  },
  {
    name: "sluice_event_followers",
    help: "Clients that follow the API's events.",
    series: { eventFollowers: {} },
  },
  {
    name: "sluice_clients",
    help: "Publishers and viewers, over all protocols.",
    series: { clients: {} },
  },
  {
    name: "sluice_publishers",
    help: "Publishers by protocol.",
    series: {
      rtmpPublishers: { protocol: "rtmp" },
      rtmpsPublishers: { protocol: "rtmps" },
      whipPublishers: { protocol: "whip" },
    },
  },
  { name: "sluice_viewers", help: "Viewers, over all protocols.", series: { viewers: {} } },
  {
    name: "sluice_protocol_viewers",
    help: "Viewers by protocol, WebRTC viewers that still connect among them.",
    series: {
      httpFlvViewers: { protocol: "http-flv" },
      wsFlvViewers: { protocol: "ws-flv" },
      webtransportViewers: { protocol: "webtransport" },
      rtmpViewers: { protocol: "rtmp" },
      webrtcViewers: { protocol: "whep" },
    },
  },
] as const satisfies readonly NamedFamily[];

/** What has happened: the numbers only grow. */
export const TOTALS = [
  {
    name: "sluice_connections_accepted_total",
    help: "Connections that were accepted.",
    series: {
      rtmpConnectionsAccepted: { protocol: "rtmp" },
      httpConnectionsAccepted: { protocol: "http" },
      webrtcTcpConnectionsAccepted: { protocol: "ice-tcp" },
      webtransportConnectionsAccepted: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_connections_refused_total",
    help: "Connections beyond a limit, or that gave way to new ones.",
    series: {
      rtmpConnectionsRefused: { protocol: "rtmp" },
      httpConnectionsRefused: { protocol: "http" },
      webrtcTcpConnectionsRefused: { protocol: "ice-tcp" },
      webtransportConnectionsRefused: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_connections_aborted_total",
    help: "Connections whose peer was gone before they were accepted.",
    series: {
      rtmpConnectionsAborted: { protocol: "rtmp" },
      httpConnectionsAborted: { protocol: "http" },
      webrtcTcpConnectionsAborted: { protocol: "ice-tcp" },
      webtransportConnectionsAborted: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_timeouts_total",
    help: "Connections that were ended, as their peer took too long.",
    series: {
      rtmpTimeouts: { protocol: "rtmp" },
      httpTimeouts: { protocol: "http" },
      tlsTimeouts: { protocol: "tls" },
      webtransportTimeouts: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_malformed_total",
    help: "What came and breaks its protocol: the connection is ended, or the datagram is dropped.",
    series: {
      rtmpProtocolErrors: { protocol: "rtmp" },
      httpBadRequests: { protocol: "http" },
      proxiedConnectionsRefused: { protocol: "proxy" },
      tlsHandshakesFailed: { protocol: "tls" },
      webtransportErrors: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_tls_handshakes_total",
    help: "TLS handshakes that were begun.",
    series: { tlsHandshakes: {} },
  },
  {
    name: "sluice_received_bytes_total",
    help: "Bytes that came over connections, as far as they are counted: RTMP with its chunks.",
    series: { rtmpBytesReceived: { protocol: "rtmp" } },
  },
  {
    name: "sluice_sent_bytes_total",
    help:
      "Bytes that were sent: over WebRTC, packets of media; else all that sockets took, before TLS.",
    series: {
      rtmpBytesSent: { protocol: "rtmp" },
      httpBytesSent: { protocol: "http" },
      webrtcBytesSent: { protocol: "webrtc" },
      webtransportBytesSent: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_publishes_total",
    help: "Publishers, by what became of their wish.",
    series: {
      publishesAccepted: { decision: "accepted" },
      publishesRefused: { decision: "refused" },
    },
  },
  {
    name: "sluice_published_frames_total",
    help:
      "Messages of publishers that went to viewers: frames, and what decoders need before them.",
    series: { videoMessages: { kind: "video" }, audioMessages: { kind: "audio" } },
  },
  {
    name: "sluice_left_out_messages_total",
    help: "RTMP messages that went to nobody: skipped media, and what means nothing to a server.",
    series: {
      messagesSkipped: { why: "skipped" },
      messagesIgnored: { why: "ignored" },
    },
  },
  {
    name: "sluice_viewers_accepted_total",
    help: "Viewers that were let in.",
    series: {
      viewersAccepted: { protocol: "flv" },
      playsAccepted: { protocol: "rtmp" },
      webrtcViewersAccepted: { protocol: "whep" },
      webtransportViewersAccepted: { protocol: "webtransport" },
    },
  },
  {
    name: "sluice_viewers_refused_total",
    help: "Viewers and followers beyond a limit, and RTMP players that ask for what there is not.",
    series: {
      viewersRefused: { protocol: "flv" },
      playsRefused: { protocol: "rtmp" },
      webrtcViewersRefused: { protocol: "whep" },
      webtransportViewersRefused: { protocol: "webtransport" },
      listListenersRefused: { protocol: "list" },
      eventFollowersRefused: { protocol: "events" },
    },
  },
  {
    name: "sluice_viewers_jumped_total",
    help: "Times that a viewer lagged too far and went on at the newest key frame.",
    series: { viewersJumped: {} },
  },
  {
    name: "sluice_viewers_stalled_total",
    help: "Viewers that were ended, as they took nothing any more.",
    series: { viewersStalled: {} },
  },
  {
    name: "sluice_memory_refused_total",
    help: "Connections and requests that there was no memory for.",
    series: { memoryRefused: {} },
  },
  {
    name: "sluice_memory_ended_total",
    help: "Publishers, viewers and connections that were ended, as there was no memory for more.",
    series: { memoryEnded: {} },
  },
  {
    name: "sluice_webrtc_viewers_failed_total",
    help: "WebRTC viewers that ended before media could be sent, and did not wish so.",
    series: { webrtcViewersFailed: {} },
  },
  {
    name: "sluice_webrtc_publishers_failed_total",
    help: "WebRTC publishers that ended before media could come, and did not wish so.",
    series: { webrtcPublishersFailed: {} },
  },
  {
    name: "sluice_webrtc_consents_lost_total",
    help: "Times that a WebRTC peer echoed nothing any more, and its media stopped.",
    series: { webrtcConsentsLost: {} },
  },
  {
    name: "sluice_webrtc_narrow_links_total",
    help: "Times that the link to a WebRTC viewer carried less than it was sent.",
    series: { webrtcLinksNarrow: {} },
  },
  {
    name: "sluice_webrtc_dropped_messages_total",
    help: "Messages that there was no room for on WebRTC viewers' data channels.",
    series: { webrtcMessagesDropped: {} },
  },
  {
    name: "sluice_webrtc_dropped_datagrams_total",
    help: "Datagrams on the ports of WebRTC that were not taken.",
    series: { webrtcDatagramsDropped: {} },
  },
  {
    name: "sluice_webrtc_authentication_failures_total",
    help: "Of these, those that bear a viewer's name and are not authentic.",
    series: { webrtcAuthenticationFailures: {} },
  },
  {
    name: "sluice_webrtc_failed_sends_total",
    help: "Datagrams that the system could not send: no way to the peer's network, for one.",
    series: { webrtcSendsFailed: {} },
  },
  {
    name: "sluice_webrtc_sent_packets_total",
    help: "Packets that were sent to WebRTC viewers, with those that were sent again.",
    series: { webrtcPacketsSent: {} },
  },
  {
    name: "sluice_webrtc_resent_packets_total",
    help: "Packets that were sent again.",
    series: { webrtcPacketsResent: {} },
  },
  {
    name: "sluice_webrtc_nacks_total",
    help: "Times that a WebRTC viewer asked for packets again.",
    series: { webrtcNacks: {} },
  },
  {
    name: "sluice_webrtc_key_frame_requests_total",
    help: "Times that a WebRTC viewer asked for a key frame.",
    series: { webrtcKeyFrameRequests: {} },
  },
  {
    name: "sluice_transcoding_seconds_total",
    help: "Time that transcoders spent on making Opus.",
    series: { transcodingSeconds: {} },
  },
  {
    name: "sluice_transcoded_packets_total",
    help: "Packets of Opus that transcoders made.",
    series: { transcodedPackets: {} },
  },
  {
    name: "sluice_log_lines_left_out_total",
    help: "Lines of the log that shards left out, as there were too many like them.",
    series: { logLinesLeftOut: {} },
  },
  {
    name: "sluice_hook_notices_lost_total",
    help: "Events that hooks were not told of, as they did not answer.",
    series: { hookNoticesLost: {} },
  },
] as const satisfies readonly NamedFamily[];

/** What is raised and lowered. */
export type GaugeName = SeriesNameOf<(typeof GAUGES)[number]>;

/** What is only raised. */
export type TotalName = SeriesNameOf<(typeof TOTALS)[number]>;
