"""A WHIP publisher of aiortc: sends a moving picture and a tone for a while, or until it is ended.

    aiortc_publisher.py --seconds 20 --codec H264 [--token T] URL

Prints its state as JSON at the end.
"""

import argparse
import asyncio
import fractions
import json
import math
from urllib.parse import urljoin

import av
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from whep_client import request

WIDTH, HEIGHT = 320, 240
SOUND_RATE, SOUND_SAMPLES = 48000, 960


class Pictures(VideoStreamTrack):
    """A bar that moves."""

    count = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma, *chroma = frame.planes
        row = bytearray(b"\x40" * luma.line_size)
        at = self.count * 4 % (WIDTH - 40)
        row[at : at + 40] = b"\xd0" * 40
        luma.update(bytes(row) * HEIGHT)
        for plane in chroma:
            plane.update(b"\x80" * plane.buffer_size)
        self.count += 1
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """440 Hz."""

    samples = 0

    async def recv(self):
        await asyncio.sleep(SOUND_SAMPLES / SOUND_RATE * 0.9)
        frame = av.AudioFrame(format="s16", layout="mono", samples=SOUND_SAMPLES)
        wave = (
            int(8000 * math.sin(2 * math.pi * 440 * (self.samples + at) / SOUND_RATE))
            for at in range(SOUND_SAMPLES)
        )
        frame.planes[0].update(b"".join(value.to_bytes(2, "little", signed=True) for value in wave))
        frame.pts, frame.sample_rate = self.samples, SOUND_RATE
        frame.time_base = fractions.Fraction(1, SOUND_RATE)
        self.samples += SOUND_SAMPLES
        return frame


async def publish(arguments, report):
    peer = RTCPeerConnection()
    peer.addTransceiver(Tone(), direction="sendonly")
    video = peer.addTransceiver(Pictures(), direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    wanted = (f"video/{arguments.codec}", "video/rtx")
    video.setCodecPreferences([codec for codec in codecs if codec.mimeType in wanted])
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp.encode()
    token = arguments.token
    answer, location = await asyncio.to_thread(request, arguments.url, "POST", offer, token)
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.sleep(arguments.seconds)
    report["state"] = peer.connectionState
    await asyncio.to_thread(request, urljoin(arguments.url, location), "DELETE", None, token)
    report["left"] = True
    await peer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--codec", default="H264")
    parser.add_argument("--token")
    report = {"state": "new", "left": False}
    asyncio.run(publish(parser.parse_args(), report))
    print(json.dumps(report))


main()
