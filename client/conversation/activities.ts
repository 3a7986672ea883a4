import type { Activity, ActivityKind } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Clock } from "../runtime.ts";

/** What a member's device does now, or up to which event its user has got. */
export interface MemberActivity {
  readonly conversation: Uuid;
  readonly device: Uuid;
  /** "stopped" also when a device that typed has not been heard of for ten seconds. */
  readonly kind: ActivityKind;
  /** The event, for "delivered" and "read"; 0 otherwise. */
  readonly seq: number;
}

const staleMs = 10_000;

/** What is heard of members in passing: nothing of it is kept, and whoever types stops some time. */
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

  /** The connection is gone: nobody is known to type any more, and nobody is told so. */
  reset(): void {
    for (const cancel of this.#typing.values()) cancel();
    this.#typing.clear();
  }
}
