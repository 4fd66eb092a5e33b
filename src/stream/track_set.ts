import type { TrackKey, TrackName } from "./timeline.ts";
import type { MediaTrack } from "./track_intake.ts";
import type { ListedTrack } from "./track_list.ts";

/** Tracks of one kind that a stream may have; real ones have up to ten. */
const MAX_TRACKS = 16;

const NOTHING = new Uint8Array(0);

/** A track of a publisher, and what later viewers need to know of it. */
export interface Member<T extends MediaTrack> {
  readonly trackId: number;
  /** What the timeline knows it by, unless it is the default track. */
  readonly key: TrackKey;
  readonly track: T;
  /** The newest configuration, as a tag body; empty if there is none. */
  configuration: Uint8Array;
  /** The newest of what is said beside it. */
  supplement: Uint8Array;
  /** Whether anything was taken from it. */
  isListed: boolean;
  /** Whether it has sent anything that is of use, be it too early. */
  isHeard: boolean;
}

/** Which track of a stream it is. */
export interface TrackPlace {
  /** The publisher's number for it. */
  readonly id: number;
  /** Whether viewers get it who do not ask for another. */
  readonly isDefault: boolean;
}

/**
 * The tracks of one kind that a publisher sends, and which of them is the default: what viewers get
 * who ask for none.
 *
 * It is the one with number 0, as is every track that is sent without a number. If there is none
 * when the first frame comes, it is the lowest number that was heard of until then, and stays so:
 * viewers are not moved from one track to another.
 */
export class TrackSet<T extends MediaTrack> {
  readonly name: TrackName;
  readonly #create: () => T;
  readonly #members = new Map<number, Member<T>>();
  #defaultId: number | undefined;

  constructor(name: TrackName, create: () => T) {
    this.name = name;
    this.#create = create;
  }

  /** The default track; `undefined` as long as it is not settled. */
  get default(): Member<T> | undefined {
    return this.#defaultId === undefined ? undefined : this.#members.get(this.#defaultId);
  }

  get members(): Iterable<Member<T>> {
    return this.#members.values();
  }

  /** The track with this number; `undefined` if it would be one more than {@linkcode MAX_TRACKS}. */
  member(trackId: number): Member<T> | undefined {
    const known = this.#members.get(trackId);
    if (known !== undefined) return known;
    if (this.#members.size === MAX_TRACKS) return undefined;
    const member: Member<T> = {
      trackId,
      key: `${this.name} ${trackId}`,
      track: this.#create(),
      configuration: NOTHING,
      supplement: NOTHING,
      isListed: false,
      isHeard: false,
    };
    this.#members.set(trackId, member);
    return member;
  }

  /** Notes that a track is there, and not only its number in something that is of no use. */
  hear(member: Member<T>): void {
    member.isHeard = true;
    if (member.trackId === 0) this.#defaultId ??= 0;
  }

  /** Settles which track is the default one, if that is not settled yet; one must have been heard. */
  settle(): Member<T> {
    const heard = [...this.#members.values()].filter(({ isHeard }) => isHeard);
    this.#defaultId ??= Math.min(...heard.map(({ trackId }) => trackId));
    return this.#members.get(this.#defaultId)!;
  }

  isDefault({ trackId }: Member<T>): boolean {
    return trackId === this.#defaultId;
  }

  /** What the timeline knows a track by. */
  key(member: Member<T>): TrackKey {
    return this.isDefault(member) ? this.name : member.key;
  }

  /** What `describe` knows of the tracks, with their places; what it knows nothing of is left out. */
  described<D extends object>(
    describe: (member: Member<T>) => D | undefined,
  ): (TrackPlace & D)[] {
    return [...this.#members.values()].flatMap((member) => {
      const description = describe(member);
      const place = { id: member.trackId, isDefault: this.isDefault(member) };
      return description === undefined ? [] : [{ ...place, ...description }];
    });
  }

  /** The tracks for the log's list; those are none if there is but a default one with number 0. */
  list(): ListedTrack[] {
    const listed = [...this.#members.values()].filter(({ isListed }) => isListed);
    if (listed.every(({ trackId }) => trackId === 0)) return [];
    return listed.map((member) => {
      const isDefault = this.isDefault(member);
      const { trackId, configuration, supplement } = member;
      return {
        name: this.name,
        trackId,
        isDefault,
        configuration: isDefault ? NOTHING : configuration,
        supplement: isDefault ? NOTHING : supplement,
      };
    });
  }
}
