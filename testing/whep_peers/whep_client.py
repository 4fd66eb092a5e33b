"""What the viewers in Python have in common: their arguments, and the requests of WHEP."""

import argparse
import urllib.request


def parse_arguments(*more):
    """Arguments that all viewers have, and `more` as add_argument takes them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--offer", required=True, help="kinds of sections, in their order")
    parser.add_argument("--until", required=True, help="decoded frames, and texts: video=30,cues=1")
    parser.add_argument("--timeout-s", type=float, required=True)
    for names, options in more:
        parser.add_argument(*names, **options)
    arguments = parser.parse_args()
    pairs = (pair.split("=") for pair in arguments.until.split(","))
    arguments.until = {kind: int(count) for kind, count in pairs}
    return arguments


def request(url, method, body=None, token=None):
    """The answer's text and its Location."""
    headers = {"content-type": "application/sdp"} if body else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    ask = urllib.request.Request(url, method=method, data=body, headers=headers)
    with urllib.request.urlopen(ask) as response:
        return response.read().decode(), response.headers.get("location")
