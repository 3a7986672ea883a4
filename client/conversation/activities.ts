import type { Activity, ActivityKind } from "../../crypto/wire/frame.ts";
import type { DeviceId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Clock } from "../runtime.ts";

/**
 * The current activity of a member's device, or the last event that its user has received or read.
 */
export interface MemberActivity {
  readonly conversation: ConversationId;
  readonly device: DeviceId;
  /** Is also "stopped" when a typing device has not been heard from for ten seconds. */
  readonly kind: ActivityKind;
  /** The seq of the event for "delivered" and "read". 0 for the other kinds. */
  readonly seq: number;
}

const staleMs = 10_000;

/**
 * Reports the ephemeral activity of members. It stores nothing. It ends a member's typing when no
 * further sign of it arrives.
 */
export class Activities {
  readonly #clock: Clock;
  readonly #tell: (activity: MemberActivity) => void;
  readonly #typing = new Map<string, () => void>();

  constructor(clock: Clock, tell: (activity: MemberActivity) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  heard({ conversation, kind, seq, device }: Activity): void {
    if (device === undefined) return;
    const activity = { conversation, device, kind, seq };
    const key = conversation + device;
    if (kind === "typing" || kind === "stopped") {
      this.#typing.get(key)?.();
      this.#typing.delete(key);
    }
    if (kind === "typing")
      this.#typing.set(
        key,
        this.#clock.after(staleMs, () => {
          this.#typing.delete(key);
          this.#tell({ ...activity, kind: "stopped" });
        }),
      );
    this.#tell(activity);
  }

  /** Forgets who is typing, because the connection is gone. It reports no change. */
  reset(): void {
    for (const cancel of this.#typing.values()) cancel();
    this.#typing.clear();
  }
}
