"""A WHEP viewer of aiortc: plays until it has seen enough, and prints what that was as JSON.

    aiortc_viewer.py --offer audio,video,events,cues --until video=30,cues=1 --timeout-s 15 URL

The kinds beside sound and pictures are data channels: "data" is one in which nothing is said.

Ends with 1 if that takes too long, or if the answer is not taken.
"""

import asyncio
import json
import sys
import urllib.error
from urllib.parse import urljoin

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from whep_client import parse_arguments, request


CHANNELS = {
    "data": {"label": "messages"},
    "events": {"label": "sluice.events"},
    "cues": {"label": "sluice.cues", "ordered": False, "maxRetransmits": 0},
}


def listen(channel, heard, told):
    """Keeps what is said on a data channel."""

    def keep(text):
        heard.append(text)
        told.set()

    channel.on("message", keep)


async def watch(track, seen, told):
    """Counts decoded frames."""
    count = seen.setdefault(track.kind, {"frames": 0})
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return
        count["frames"] += 1
        told.set()


async def play(arguments, report):
    peer = RTCPeerConnection()
    seen, heard, told = report["seen"], report["heard"], asyncio.Event()
    watching = []
    peer.on("track", lambda track: watching.append(asyncio.ensure_future(watch(track, seen, told))))
    for kind in arguments.offer.split(","):
        if kind in CHANNELS:
            listen(peer.createDataChannel(**CHANNELS[kind]), heard.setdefault(kind, []), told)
        else:
            peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp.encode()
    token = arguments.token
    answer, location = await asyncio.to_thread(request, arguments.url, "POST", offer, token)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        report["accepted"] = True

        def has_all():
            return all(
                (len(heard[kind]) if kind in heard else seen.get(kind, {}).get("frames", 0))
                >= count
                for kind, count in arguments.until.items()
            )

        while not has_all():
            told.clear()
            await told.wait()
    finally:
        report["state"] = peer.connectionState
        if location:
            resource = urljoin(arguments.url, location)
            await asyncio.to_thread(request, resource, "DELETE", None, token)
            report["left"] = True
        for task in watching:
            task.cancel()
        await peer.close()


def main():
    arguments = parse_arguments((["--token"], {"help": "sent as a bearer's"}))
    report = {"accepted": False, "left": False, "state": "new", "seen": {}, "heard": {}}
    try:
        asyncio.run(asyncio.wait_for(play(arguments, report), arguments.timeout_s))
    except urllib.error.HTTPError as error:
        report["failure"] = f"{error.code}: {error.read().decode()}"
    except Exception as error:  # whatever aiortc finds wrong with the answer
        report["failure"] = f"{type(error).__name__}: {error}"
    print(json.dumps(report))
    sys.exit(1 if "failure" in report else 0)


main()
