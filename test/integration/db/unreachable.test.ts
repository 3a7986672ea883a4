import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { createPool } from "../../../db/pool.ts";
import { freePort } from "../../../tools/testkit/server-process.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

function changed(change: (url: URL) => void): string {
  const url = new URL(database.ownerUrl);
  change(url);
  return url.href;
}

const notPostgres = createServer((_request, response) => void response.end());
beforeAll(async () => {
  await once(notPostgres.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => void notPostgres.close());

test.each<[string, () => string | Promise<string>, RegExp]>([
  [
    "a wrong password",
    () => changed((url) => (url.password = "wrong")),
    /password .* refuses \(28P01\)/,
  ],
  ["no password", () => changed((url) => (url.password = "")), /holds no password/],
  [
    "an unknown database",
    () => changed((url) => (url.pathname = "/nowhere")),
    /not exist \(3D000\)/,
  ],
  ["a host that is not found", () => changed((url) => (url.hostname = "db.invalid")), /not found/],
  [
    "a port where nothing listens",
    async () => {
      const port = await freePort();
      return changed((url) => (url.port = String(port)));
    },
    /cannot be connected to \(ECONNREFUSED\)/,
  ],
  [
    "TLS that is not offered",
    () => changed((url) => (url.search = "?sslmode=require")),
    /asks for TLS/,
  ],
  [
    "a certificate that is not there",
    () => changed((url) => (url.search = "?sslrootcert=/nowhere/ca.pem")),
    /names a file that cannot be read \(ENOENT\)/,
  ],
  [
    "a web server",
    () => changed((url) => (url.port = String((notPostgres.address() as AddressInfo).port))),
    /^KEYSTORE_URL leads to a server /,
  ],
])(
  "%s is told in one sentence that names the variable and not its value",
  async (_what, url, rest) => {
    const given = await url();
    const told = await assertReachable({ variable: "KEYSTORE_URL", url: given }).catch(
      (error: unknown) => error,
    );
    expect(told).toMatchObject({ name: "DatabaseError", code: "database_unreachable" });
    const { message } = told as Error;
    expect(message).toMatch(/^KEYSTORE_URL [^.]*\.$/);
    expect(message).toMatch(rest);
    expect(message).not.toContain(new URL(database.ownerUrl).password);
  },
);

test("options in the URL are joined with those of the fence, which win", async () => {
  const options = encodeURIComponent("-c statement_timeout=31s -c role=postgres");
  const pool = createPool(changed((url) => (url.search = `?options=${options}`)));
  const { rows } = await pool.query<object>(
    "select current_setting('role') as role, current_setting('statement_timeout') as timeout",
  );
  expect(rows).toEqual([{ role: "sealdesk_app", timeout: "31s" }]);
  await pool.end();
});
