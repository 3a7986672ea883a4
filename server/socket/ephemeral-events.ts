import { encodeFrame, type Activity, type Presence } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import { fullBucket, takeFrom, type Bucket } from "../../policies/token-bucket.ts";
import type { PresenceBoard, UserPresence } from "./presence.ts";
import type { Identity, Relay, Subscriber } from "./relay.ts";
import { relayLimits } from "../limits.ts";

/**
 * The dependencies that all sockets share. They are passed by reference, because there is one of
 * these objects per socket.
 */
export interface EphemeralEventsDeps {
  readonly relay: Relay;
  readonly presence: PresenceBoard;
  readonly monotonic: () => number;
  /** Tells the other nodes a member's activity. */
  readonly announceActivity: (activity: Activity & { readonly device: DeviceId }) => void;
}

/** The sender of the ephemeral frames, and the way in which the device receives those of others. */
export interface EphemeralEventsSocket {
  readonly identity: Identity;
  readonly subscriber: Subscriber;
  /** Whether the policy lets this device show and see activity in the conversation. */
  readonly maySignal: (conversation: ConversationId) => boolean;
  readonly transmit: (frame: Uint8Array) => void;
}

/** What one socket says in passing: what its user does now, and whether they are there. */
export class EphemeralEvents {
  readonly #deps: EphemeralEventsDeps;
  readonly #socket: EphemeralEventsSocket;
  readonly #bucket: Bucket;

  constructor(deps: EphemeralEventsDeps, socket: EphemeralEventsSocket) {
    this.#deps = deps;
    this.#socket = socket;
    this.#bucket = fullBucket(relayLimits.ephemeral, deps.monotonic());
  }

  onActivity({ conversation, kind, seq }: Activity): void {
    if (!this.#mayPass() || !this.#socket.maySignal(conversation)) return;
    const activity = { conversation, kind, seq, device: this.#socket.identity.device };
    broadcastActivity(this.#deps.relay, activity);
    this.#deps.announceActivity(activity);
  }

  onPresence({ state }: Presence): void {
    if (!this.#mayPass() || state === "offline") return;
    const { identity, subscriber, maySignal } = this.#socket;
    const { presence, relay } = this.#deps;
    presence.say(identity, state, relay.conversationsOf(subscriber).filter(maySignal));
  }

  /** Tells this device which of the users it shares conversations with are present. */
  tellPresent(users: Iterable<UserId>): void {
    const { identity, transmit } = this.#socket;
    for (const user of users) {
      const presence = user === identity.user ? undefined : this.#deps.presence.of(user);
      if (presence !== undefined) transmit(presenceFrame(user, presence));
    }
  }

  #mayPass(): boolean {
    return takeFrom([this.#bucket], this.#deps.monotonic()) === 0;
  }
}

/** Delivers a member's activity to the others on this node. */
export function broadcastActivity(
  relay: Relay,
  activity: Activity & { readonly device: DeviceId },
): void {
  const frame = encodeFrame({ kind: "activity", body: activity });
  relay.ephemeral(activity.conversation, frame, ({ device }) => device !== activity.device);
}

export const presenceFrame = (user: UserId, { state, sinceMs: since }: UserPresence): Uint8Array =>
  encodeFrame({ kind: "presence", body: { user, state, since } });
