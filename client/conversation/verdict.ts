import type { Control, Member } from "../../crypto/wire/frame.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Receipt } from "../../crypto/wire/receipt.ts";

/** What a membership event changes, as this device computes it. */
export type MembershipVerdict =
  | {
      readonly kind: "accepted";
      readonly control: Control;
      /**
       * Users and devices who came while this device saw no events. The list names them, and no event
       * that this device saw brought them.
       */
      readonly arrived: readonly Member[];
      /** Users and devices who left while this device saw no events. */
      readonly departed: readonly Member[];
      /** True if the event makes this device a member: see `makesMember`. */
      readonly enters: boolean;
      /**
       * The receipt, which is about this event at this place of the log. Whether the event's device has
       * signed it is checked with its certificate. Undefined if the event has none, or another one.
       */
      readonly receipt: Receipt | undefined;
    }
  | {
      /**
       * The event that made this device a member is gone, and this one does not replace it. The device
       * takes no members from it.
       */
      readonly kind: "outside";
    }
  | {
      /**
       * Nobody signed the act, and this device does not know the members before it. The device takes no
       * members from it.
       */
      readonly kind: "unproven";
      readonly actor: UserId;
    }
  | {
      /** The members stay those before the event. */
      readonly kind: "malformed";
      /** "invalid_receipt": nobody signed this act at this place of the log. */
      readonly code: "malformed_event" | "invalid_receipt";
      /** True if the event lists this device no more. */
      readonly leaves: boolean;
    };
