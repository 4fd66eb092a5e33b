import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { RenditionWish } from "../../live/viewer_renditions.ts";

const MAX_SIDE = 65_535;

const RID = /^\d{1,3}$/;

/** Of what is not there: each track is one rendition as a whole. */
const LAYERS = ["spatialLayerId", "temporalLayerId", "maxSpatialLayerId", "maxTemporalLayerId"];

/**
 * Reads what a viewer posts to choose a layer (draft-ietf-wish-whep's core extensions), by its `rid` or,
 * as older drafts called it, `encodingId`.
 *
 * @param videoSection of the session's SDP, in which the pictures are
 * @throws {HttpError} with status 400 if it is nothing of the kind
 */
export function parseLayerChoice(body: Uint8Array, videoSection: number): RenditionWish {
  const { mediaId, rid, encodingId, maxWidth, maxHeight, ...others } = objectIn(body);
  if (mediaId !== undefined && `${mediaId}` !== `${videoSection}`) {
    throw wrong(`mediaId must be "${videoSection}"`);
  }
  const layer = LAYERS.find((name) => others[name] !== undefined);
  if (layer !== undefined) throw wrong(`there are no spatial or temporal layers for ${layer}`);
  const name = rid ?? encodingId;
  if (name !== undefined && !(typeof name === "string" && RID.test(name))) {
    throw wrong("rid must be a track's number, as text");
  }
  return {
    ...(name !== undefined && { trackId: Number(name) }),
    ...(maxWidth !== undefined && { maxWidth: sideOf(maxWidth, "maxWidth") }),
    ...(maxHeight !== undefined && { maxHeight: sideOf(maxHeight, "maxHeight") }),
  };
}

function objectIn(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below.
  }
  throw wrong("the body must be a JSON object");
}

function sideOf(value: unknown, name: string): number {
  if (typeof value === "number" && value >= 1 && value <= MAX_SIDE) return value;
  throw wrong(`${name} must be 1..${MAX_SIDE}`);
}

function wrong(why: string): HttpError {
  return new HttpError(STATUS_CODE.BadRequest, `Cannot choose a layer: ${why}`);
}
