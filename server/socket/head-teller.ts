import { nilId, type ConversationId } from "../../crypto/wire/ids.ts";
import {
  FOLLOWED_PER_PAGE,
  type Followed,
  type FollowedPage,
} from "../../messaging/follow/visible-ranges.ts";
import type { Channel } from "./channel.ts";
import type { Deliveries } from "./deliveries.ts";
import { headsFrame } from "./frames.ts";
import type { AuthenticatedHello, HandshakeSteps } from "./handshake.ts";
import type { Relay, Subscriber } from "./relay.ts";
import { relayLimits } from "../limits.ts";

const SNAPSHOT_ATTEMPTS = 10;

/** The connection that a `HeadTeller` works for. */
export interface JoiningConnection {
  readonly subscriber: Subscriber;
  readonly channel: Pick<Channel, "bufferedBytes">;
  readonly relay: Relay;
  readonly deliveries: Deliveries;
  readonly followed: HandshakeSteps["followed"];
  readonly transmit: (frame: Uint8Array) => void;
  /** Returns false once the connection is closed or drains. */
  readonly isJoining: () => boolean;
}

/**
 * Tells a device, before its welcome, which conversations it may follow and how far each log
 * reaches. The connection follows them from then on.
 */
export class HeadTeller {
  readonly #connection: JoiningConnection;
  #onRoom: () => void = () => undefined;

  constructor(connection: JoiningConnection) {
    this.#connection = connection;
  }

  /**
   * Follows what the device may follow and tells it the heads, page by page.
   * @param includeFinished whether the device is also told of conversations that it has finished
   * @returns false if the connection no longer joins
   */
  async tell(actor: AuthenticatedHello["actor"], includeFinished: boolean): Promise<boolean> {
    const { transmit, isJoining } = this.#connection;
    for (let after: ConversationId | undefined = nilId(); after !== undefined;) {
      const page = await this.#followPage(actor, { after, includeFinished });
      if (page === undefined) return false;
      const told = page.filter(({ mayOpen }) => mayOpen);
      if (told.length > 0) transmit(headsFrame(told));
      await this.#room();
      after = page.length < FOLLOWED_PER_PAGE ? undefined : page.at(-1)?.conversation;
    }
    return isJoining();
  }

  /** Looks again whether to go on. Call it when the device took bytes or the connection closed. */
  resume(): void {
    this.#onRoom();
  }

  /**
   * Follows one page of conversations. The relay notes the heads of events that are committed while
   * the page is read, and `onJoined` notes that the device joined. If the relay no longer has these
   * heads after several attempts, the connection is closed.
   * @returns undefined if the connection no longer joins
   */
  async #followPage(
    actor: AuthenticatedHello["actor"],
    which: FollowedPage,
  ): Promise<readonly Followed[] | undefined> {
    const { relay, subscriber, deliveries, followed, isJoining } = this.#connection;
    for (let attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
      const mark = relay.mark();
      const page = await followed(actor, which);
      if (!isJoining()) return undefined;
      const published = relay.publishedSince(mark);
      if (published === undefined) continue;
      for (const each of page.filter(({ mayOpen }) => mayOpen)) {
        relay.follow(subscriber, each.conversation);
        deliveries.follow(each);
      }
      for (const [conversation, seq] of published) deliveries.onHead(conversation, seq);
      return page;
    }
    subscriber.close("try_again");
    return undefined;
  }

  /** Waits until the device has taken enough of the sent bytes. */
  async #room(): Promise<void> {
    const { channel, isJoining } = this.#connection;
    while (isJoining() && channel.bufferedBytes > relayLimits.bufferedBytesOfHeads)
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
  }
}
