import { randomBytes } from "node:crypto";
import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import type { Dialect } from "./relay-connection.ts";
import { BODY_BYTES, type XmppLinkSpec } from "./party.ts";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";

/**
 * XMPP over WebSocket (RFC 7395). The server does not confirm a message to its sender, so the
 * delivery counts for both. A message's number is its stanza's id.
 */
export function xmppDialect(spec: XmppLinkSpec): Dialect {
  const { domain, user, password, peer, conversation } = spec;
  const key = Buffer.from(uuidToBytes(conversation)).toString("latin1");
  const open = `<open xmlns='${FRAMING}' to='${domain}' version='1.0'/>`;
  const credentials = Buffer.from(`\0${user}\0${password}`).toString("base64");
  return {
    path: "/xmpp",
    subprotocol: "xmpp",
    hello: () => open,
    read(frame, events, say) {
      const text = frame.toString();
      if (text.startsWith("<message")) {
        const seq = stanzaId(text);
        events.accepted(key, seq);
        events.delivered(key, seq);
      } else if (text.startsWith("<stream:features"))
        say(
          text.includes(SASL)
            ? `<auth xmlns='${SASL}' mechanism='PLAIN'>${credentials}</auth>`
            : `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='${BIND}'/></iq>`,
        );
      else if (text.startsWith("<success")) say(open);
      else if (text.startsWith("<iq") && text.includes(BIND))
        say("<presence xmlns='jabber:client'/>");
      else if (text.startsWith("<presence"))
        return true; // its own presence, which the server sends back: it is available
      else if (!text.startsWith("<open")) throw new Error(`the relay answered: ${text}`);
      return false;
    },
    writer() {
      const body = randomBytes(BODY_BYTES).toString("base64");
      const to = `xmlns='jabber:client' to='${peer}@${domain}' type='chat'`;
      let seq = 0;
      return () => `<message ${to} id='${++seq}'><body>${body}</body></message>`;
    },
  };
}

/** Attributes may come in any order. Elements within the stanza have their own ids. */
function stanzaId(text: string): number {
  const tag = text.slice(0, text.indexOf(">"));
  const id = / id='(\d+)'/.exec(tag)?.[1];
  if (id === undefined || tag.includes("type='error'"))
    throw new Error(`the relay answered: ${text}`);
  return Number(id);
}
