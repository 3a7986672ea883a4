import { encodeFrame, type Activity, type Presence } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { fullBucket, takeFrom, type Bucket } from "../../policies/token-bucket.ts";
import type { PresenceBoard, UserPresence } from "./presence.ts";
import type { Identity, Relay } from "./relay.ts";

export interface WhisperDeps {
  readonly relay: Relay;
  readonly presence: PresenceBoard;
  readonly monotonic: () => number;
  /** Those that the device follows now. */
  readonly conversations: () => readonly Uuid[];
  /** True while the device is a member's. */
  readonly isMember: (conversation: Uuid) => boolean;
  readonly transmit: (frame: Uint8Array) => void;
  /** Tells the other nodes what a member does. */
  readonly announceActivity: (activity: Activity & { readonly device: Uuid }) => void;
}

/** What is never stored and may be lost, at once and per second, from one socket; more is dropped. */
const RATE = { burst: 30, perSecond: 5 };

/** What one socket says in passing: what its user does now, and whether they are there. */
export class Whisper {
  readonly #identity: Identity;
  readonly #deps: WhisperDeps;
  readonly #bucket: Bucket;

  constructor(identity: Identity, deps: WhisperDeps) {
    this.#identity = identity;
    this.#deps = deps;
    this.#bucket = fullBucket(RATE, deps.monotonic());
  }

  onActivity({ conversation, kind, seq }: Activity): void {
    if (!this.#mayPass() || !this.#deps.isMember(conversation)) return;
    const activity = { conversation, kind, seq, device: this.#identity.device };
    whisperActivity(this.#deps.relay, activity);
    this.#deps.announceActivity(activity);
  }

  onPresence({ state }: Presence): void {
    if (!this.#mayPass() || state === "offline") return;
    this.#deps.presence.say(this.#identity, state, this.#deps.conversations());
  }

  /** Tells this device who is there of those it shares conversations with. */
  tellPresent(users: Iterable<Uuid>): void {
    for (const user of users) {
      const presence = user === this.#identity.user ? undefined : this.#deps.presence.of(user);
      if (presence !== undefined) this.#deps.transmit(presenceFrame(user, presence));
    }
  }

  #mayPass(): boolean {
    return takeFrom([this.#bucket], this.#deps.monotonic()) === 0;
  }
}

/** Takes what a member does to the others on this node. */
export function whisperActivity(
  relay: Relay,
  activity: Activity & { readonly device: Uuid },
): void {
  const frame = encodeFrame({ kind: "activity", body: activity });
  relay.whisper(activity.conversation, frame, ({ device }) => device !== activity.device);
}

export const presenceFrame = (user: Uuid, { state, since }: UserPresence): Uint8Array =>
  encodeFrame({ kind: "presence", body: { user, state, since } });
