import type { IncomingMessage } from "node:http";
import { networkBehind, networkOf, siteOf } from "../../../server/network.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["203.0.113.7:4711", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2"],
  ["2001:db8:1:2::", "2001:db8:1:2"],
  ["[2001:db8:1:2::9]:443", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "0:0:0:0"],
  // Node accepts these notations as addresses. A client can put them into X-Forwarded-For.
  ["1::203.0.113.7", "1:0:0:0"],
  ["64:ff9b::203.0.113.7", "64:ff9b:0:0"],
  ["fe80::1%:.", "fe80:0:0:0"],
  ["unknown", "unknown"],
])("%s is in the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2", "2001:db8:1"],
  ["unknown", "unknown"],
])("the network %s is in the site %s", (network, site) => {
  expect(siteOf(network)).toBe(site);
});

test("a request's network is that of the first address that is not one of our proxies", () => {
  const behind = networkBehind(["10.0.0.0/8"]);
  const headers = { "x-forwarded-for": "198.51.100.1, 2001:db8:1:2::9" };
  const request = { socket: { remoteAddress: "10.0.0.1" }, headers };
  expect(behind(request as unknown as IncomingMessage)).toBe("2001:db8:1:2");
});
