"""A WHIP publisher of GStreamer: sends a test picture and a tone for a while.

    gstreamer_publisher.py --seconds 20 URL

It is of webrtcbin; with --whipsink FOLDER of whipsink, a plugin there, which signals by itself.
Prints its state as JSON at the end.
"""

import argparse
import json
import sys
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from whep_client import request  # noqa: E402

SOURCES = """
videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1
  ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=60
  ! video/x-h264,profile=constrained-baseline ! h264parse
  ! rtph264pay config-interval=-1 aggregate-mode=zero-latency
  ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer.
audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer.
"""

# Until both pads of webrtcbin have told what they carry.
SETTLE_MS = 1500


class Publisher:
    """What both have."""

    def __init__(self, arguments, sink):
        self.arguments = arguments
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(f"{sink} name=peer {SOURCES}")
        self.sink = self.pipeline.get_by_name("peer")
        self.report = {"state": "new", "left": False}

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.begin()
        GLib.timeout_add(int(self.arguments.seconds * 1000), self.leave)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)

    def leave(self):
        self.report["state"] = self.peer.get_property("connection-state").value_nick
        self.end()
        self.loop.quit()
        return False


class WebrtcbinPublisher(Publisher):
    """Signals by itself."""

    def __init__(self, arguments):
        super().__init__(arguments, "webrtcbin bundle-policy=max-bundle")
        self.peer = self.sink
        self.location = None

    def begin(self):
        GLib.timeout_add(SETTLE_MS, self.offer)

    def offer(self):
        for at in range(2):
            transceiver = self.peer.emit("get-transceiver", at)
            transceiver.set_property(
                "direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
            )
            transceiver.set_property("do-nack", True)
        promise = Gst.Promise.new_with_change_func(self.offered)
        self.peer.emit("create-offer", None, promise)
        return False

    def offered(self, promise, *_):
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.peer.emit("set-local-description", offer, None)
        text = offer.sdp.as_text().encode()
        answer, self.location = request(self.arguments.url, "POST", text)
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.peer.emit("set-remote-description", description, None)

    def end(self):
        if self.location:
            request(urljoin(self.arguments.url, self.location), "DELETE")
            self.report["left"] = True


class WhipsinkPublisher(Publisher):
    """Signals inside the element, which leaves where the pipeline ends."""

    def __init__(self, arguments):
        super().__init__(arguments, f"whipsink whip-endpoint={arguments.url}")
        self.peer = self.sink.get_by_name("whip-webrtcbin")

    def begin(self):
        pass

    def end(self):
        self.report["left"] = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--whipsink", metavar="FOLDER")
    Gst.init(None)
    arguments = parser.parse_args()
    if arguments.whipsink:
        Gst.Registry.get().scan_path(arguments.whipsink)
    publisher = (WhipsinkPublisher if arguments.whipsink else WebrtcbinPublisher)(arguments)
    publisher.run()
    print(json.dumps(publisher.report))
    sys.stdout.flush()


main()
