import type { IncomingMessage } from "node:http";
import { peerAddressBehind } from "../../../server/peer-address.ts";

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  }) as unknown as IncomingMessage;

test("a stranger's X-Forwarded-For is not trusted; our proxies' is, up to the first stranger", () => {
  const alone = peerAddressBehind([]);
  expect(alone(from("203.0.113.7", "198.51.100.1"))).toBe("203.0.113.7");
  const behind = peerAddressBehind(["10.0.0.0/8"]);
  expect(behind(from("203.0.113.7", "198.51.100.1"))).toBe("203.0.113.7");
  expect(behind(from("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2"))).toBe("203.0.113.7");
  expect(behind(from("10.0.0.1"))).toBe("10.0.0.1");
});

test.each([
  ["203.0.113.8:50000", "203.0.113.8"],
  ["[2001:db8::5]:50000", "2001:db8::5"],
  ["[2001:db8::5]", "2001:db8::5"],
  ["2001:db8::5", "2001:db8::5"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
])(
  "a proxy that writes %s names the address %s, with any port and notation",
  (written, address) => {
    const behind = peerAddressBehind(["10.0.0.0/8"]);
    expect(behind(from("10.0.0.1", written))).toBe(address);
    expect(behind(from("::ffff:10.0.0.1", `${written}, 10.0.0.2:4711`))).toBe(address);
  },
);
