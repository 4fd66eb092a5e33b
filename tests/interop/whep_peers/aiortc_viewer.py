"""A WHEP viewer of aiortc: plays until it has seen enough, and prints what that was as JSON.

    aiortc_viewer.py URL --offer audio,video,data --until video=30

Ends with 1 if that takes too long, or if the answer is not taken.
"""

import argparse
import asyncio
import json
import sys
import urllib.error
import urllib.request
from urllib.parse import urljoin

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--offer", required=True, help="kinds of sections, in their order")
    parser.add_argument("--until", required=True, help="decoded frames: audio=30,video=30")
    parser.add_argument("--timeout-s", type=float, default=15)
    arguments = parser.parse_args()
    pairs = (pair.split("=") for pair in arguments.until.split(","))
    arguments.until = {kind: int(count) for kind, count in pairs}
    return arguments


def request(url, method, body=None):
    headers = {"content-type": "application/sdp"} if body else {}
    ask = urllib.request.Request(url, method=method, data=body, headers=headers)
    with urllib.request.urlopen(ask) as response:
        return response.read().decode(), response.headers.get("location")


async def watch(track, seen, told):
    """Counts decoded frames."""
    count = seen.setdefault(track.kind, {"frames": 0})
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        count["frames"] += 1
        if track.kind == "video":
            count["size"] = f"{frame.width}x{frame.height}"
        told.set()


async def play(arguments, report):
    peer = RTCPeerConnection()
    seen, told = report["seen"], asyncio.Event()
    watching = []
    peer.on("track", lambda track: watching.append(asyncio.ensure_future(watch(track, seen, told))))
    for kind in arguments.offer.split(","):
        if kind == "data":
            peer.createDataChannel("messages")
        else:
            peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp.encode()
    answer, location = await asyncio.to_thread(request, arguments.url, "POST", offer)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        report["accepted"] = True

        def has_all():
            return all(
                seen.get(kind, {}).get("frames", 0) >= count
                for kind, count in arguments.until.items()
            )

        while not has_all():
            told.clear()
            await told.wait()
    finally:
        report["state"] = peer.connectionState
        if location:
            await asyncio.to_thread(request, urljoin(arguments.url, location), "DELETE")
            report["left"] = True
        for task in watching:
            task.cancel()
        await peer.close()


def main():
    arguments = parse_arguments()
    report = {"accepted": False, "left": False, "state": "new", "seen": {}}
    try:
        asyncio.run(asyncio.wait_for(play(arguments, report), arguments.timeout_s))
    except urllib.error.HTTPError as error:
        report["failure"] = f"{error.code}: {error.read().decode()}"
    except Exception as error:  # whatever aiortc finds wrong with the answer
        report["failure"] = f"{type(error).__name__}: {error}"
    print(json.dumps(report))
    sys.exit(1 if "failure" in report else 0)


main()
