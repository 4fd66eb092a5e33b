"""A WHEP viewer of GStreamer: plays until it has seen enough, and prints what that was as JSON.

    gstreamer_viewer.py --offer audio,video,data --until video=30 --timeout-s 15 URL

It is of webrtcbin; with --whepsrc FOLDER of whepsrc, a plugin there, which offers what it has by
itself. Ends with 1 if that takes too long, or if anything in the pipeline fails.
"""

import json
import sys
import urllib.error
from urllib.parse import urljoin

import gi

from whep_client import parse_arguments, request

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

CAPS = {
    "audio": "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000"
    ",encoding-params=(string)2",
    "video": "application/x-rtp,media=video,encoding-name=H264,payload=97,clock-rate=90000"
    ",packetization-mode=(string)1,profile-level-id=(string)42e01f",
}


class Viewer:
    """What both have: decodes each pad that comes, and counts."""

    def __init__(self, arguments, source):
        self.arguments = arguments
        self.report = {"accepted": False, "left": False, "state": "new", "seen": {}}
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new()
        self.source = source
        source.connect("pad-added", self.on_pad)
        self.pipeline.add(source)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)

    def run(self):
        GLib.timeout_add(int(self.arguments.timeout_s * 1000), self.on_late)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.begin()
        self.loop.run()
        self.end()
        return self.report

    def fail(self, failure):
        self.report.setdefault("failure", failure)
        self.loop.quit()

    def on_late(self):
        self.fail(f"not within {self.arguments.timeout_s} s")

    def on_error(self, _bus, message):
        self.fail(f"{message.src.get_name()}: {message.parse_error()[0].message}")

    def on_pad(self, _source, pad):
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self.on_decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded(self, _decoder, pad):
        kind = pad.get_current_caps().get_structure(0).get_name().split("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.connect("handoff", self.on_frame, self.report["seen"].setdefault(kind, {"frames": 0}))
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def on_frame(self, _sink, _buffer, _pad, count):
        count["frames"] += 1
        seen = self.report["seen"]
        until = self.arguments.until.items()
        if all(seen.get(kind, {}).get("frames", 0) >= frames for kind, frames in until):
            self.loop.quit()


class WebrtcbinViewer(Viewer):
    """Signals by itself."""

    def __init__(self, arguments):
        super().__init__(arguments, Gst.ElementFactory.make("webrtcbin"))
        self.resource = None
        self.source.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.source.connect("notify::ice-gathering-state", self.on_gathering)

    def begin(self):
        recvonly = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        for kind in self.arguments.offer.split(","):
            if kind == "data":
                self.channel = self.source.emit("create-data-channel", "messages", None)
            else:
                self.source.emit("add-transceiver", recvonly, Gst.Caps.from_string(CAPS[kind]))
        promise = Gst.Promise.new_with_change_func(self.on_offer)
        self.source.emit("create-offer", None, promise)

    def end(self):
        self.report["state"] = self.source.get_property("connection-state").value_nick
        self.pipeline.set_state(Gst.State.NULL)
        if self.resource:
            request(self.resource, "DELETE")
            self.report["left"] = True

    def on_offer(self, promise):
        # The offer lives as long as the reply.
        reply = promise.get_reply()
        self.source.emit("set-local-description", reply.get_value("offer"), None)

    def on_gathering(self, source, _spec):
        state = source.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.source.get_property("local-description").sdp.as_text()
        try:
            answer, location = request(self.arguments.url, "POST", offer.encode())
        except urllib.error.HTTPError as error:
            return self.fail(f"{error.code}: {error.read().decode()}")
        except OSError as error:
            return self.fail(f"{error}")
        self.resource = urljoin(self.arguments.url, location)
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        promise = Gst.Promise.new_with_change_func(self.on_answer)
        self.source.emit("set-remote-description", description, promise)

    def on_answer(self, promise):
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            self.fail(f"answer refused: {reply.get_value('error')}")
        self.report["accepted"] = True


class WhepsrcViewer(Viewer):
    """Signals inside the element; it has taken the answer where it has a connection."""

    def __init__(self, arguments):
        super().__init__(arguments, Gst.ElementFactory.make("whepsrc"))
        self.source.set_property("whep-endpoint", arguments.url)

    def begin(self):
        pass

    def end(self):
        webrtc = self.source.get_by_name("webrtcbin0")
        self.report["state"] = webrtc.get_property("connection-state").value_nick
        self.report["accepted"] = self.report["state"] == "connected"
        self.pipeline.set_state(Gst.State.NULL)
        self.report["left"] = True


Gst.init(None)
if "--whepsrc" in sys.argv:
    Gst.Registry.get().scan_path(sys.argv[sys.argv.index("--whepsrc") + 1])
needed = ["webrtcbin", "nicesrc", "dtlsdec", "srtpdec", "avdec_h264", "opusdec"]
for element in needed + (["whepsrc"] if "--whepsrc" in sys.argv else []):
    if Gst.ElementFactory.find(element) is None:
        sys.exit(f"GStreamer's {element} is not installed")
arguments = parse_arguments(
    (["--whepsrc"], {"metavar": "FOLDER", "help": "use this plugin, which offers by itself"}),
)
report = (WhepsrcViewer if arguments.whepsrc else WebrtcbinViewer)(arguments).run()
print(json.dumps(report))
sys.exit(1 if "failure" in report else 0)
