import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Payload } from "../../crypto/wire/payload.ts";

interface Head {
  readonly size: number;
  readonly restores?: number | undefined;
}

/**
 * The last head that the members of each conversation were told, and the epoch in which they were
 * told. It is not stored. After a restart the members are told again.
 */
export class ToldHeads {
  readonly #told = new Map<ConversationId, string>();

  has(conversation: ConversationId, epoch: number, head: Head): boolean {
    return this.#told.get(conversation) === nameOf(epoch, head);
  }

  add({ conversation, epoch, keyLogHead }: Payload): void {
    if (keyLogHead !== undefined) this.#told.set(conversation, nameOf(epoch, keyLogHead));
  }
}

const nameOf = (epoch: number, { size, restores = 0 }: Head): string =>
  `${epoch} ${restores} ${size}`;
