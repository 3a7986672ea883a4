import { randomFillSync } from "node:crypto";
import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import { bare, BODY_AT, ID_AT, keyAt, SEQ_AT, withCursors } from "./bare-format.ts";
import type { Dialect } from "./relay-connection.ts";
import { writeMessageId } from "./message-id.ts";
import { BODY_BYTES, type BareLinkSpec } from "./party.ts";

export function bareDialect(spec: BareLinkSpec): Dialect {
  return {
    path: "/v1/relay",
    subprotocol: "sealdesk.v1",
    hello() {
      const head = Buffer.from([bare.hello, 0, 0, 0, 0]);
      head.writeUInt32BE(spec.device, 1);
      return withCursors(
        head,
        spec.cursors.map(({ conversation, seq }) => [
          Buffer.from(uuidToBytes(conversation)).toString("latin1"),
          seq,
        ]),
      );
    },
    read(frame, events) {
      const kind = frame[0];
      if (kind === bare.synced) return true;
      const seq = frame.readUIntBE(SEQ_AT, 6);
      if (kind === bare.accepted) events.accepted(keyAt(frame, 1), seq);
      else events.delivered(keyAt(frame, 1), seq);
      return false;
    },
    ack: (cursors) => withCursors(Buffer.from([bare.ack]), cursors),
    writer({ conversation }) {
      const frame = randomFillSync(Buffer.alloc(BODY_AT + BODY_BYTES));
      frame[0] = bare.send;
      frame.set(uuidToBytes(conversation), 1);
      return () => {
        writeMessageId(frame, ID_AT);
        return frame;
      };
    },
  };
}
