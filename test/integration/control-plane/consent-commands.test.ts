/** The commands of notices and consents, as they are installed. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { viewBody } from "../security/consent-calls.ts";
import { consentBody, consentRecord } from "./history-requests.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const run = (...args: string[]) => runSealdesk(server, args);

test("two people publish a notice, a customer consents, and anybody verifies the receipt", async () => {
  const { slug } = server.tenant;
  const named = ["--tenant", slug];
  const file = join(server.home, "de.md");
  await writeFile(file, "# Datenschutz\n\nWir antworten Ihnen.\n");
  const draft = [
    "notice",
    "draft",
    file,
    ...named,
    "--controller",
    "Klinik, privacy@clinic.example",
  ];
  const drafted = await run(...draft, "--as", "ann", "--because", "the first notice");
  const [, ...approval] = /sealdesk (approval approve .*)/.exec(drafted.out)![1]!.split(" ");
  // Whoever approves it reads it before, and nobody else does.
  expect((await run("notice", "show", "1", ...named)).out).toContain("Wir antworten Ihnen.");
  const officer = await staffDevice(server, "privacy_officer");
  expect((await officer.request("GET", "/v1/notices/1")).body).toMatchObject({
    effectiveFromMs: null,
    texts: [{ language: "de", text: expect.stringContaining("Wir antworten Ihnen.") }],
  });
  const stranger = await customerDevice(server);
  expect((await stranger.request("GET", "/v1/notices/1")).body.code).toBe("notice_not_found");
  const own = await run("approval", ...approval, "--as", "ann");
  expect([own.code, own.err]).toEqual([1, expect.stringContaining("Another person")]);
  expect((await run("approval", ...approval, "--as", "ben")).code).toBe(0);
  expect((await run("notice", "list", ...named)).out).toMatch(/^1 {2}in_force {2}de /);

  const customer = await customerDevice(server);
  const { body: notice } = await customer.request("GET", "/v1/notices/current");
  const [{ language, digest }] = notice.texts;
  const shown = { version: notice.version, language, digest: Buffer.from(digest, "base64url") };
  const view = viewBody(customer, shown);
  expect((await customer.request("POST", "/v1/notices/views", { body: view })).status).toBe(204);
  const views = await run("notice", "views", "1", ...named);
  expect(JSON.parse(views.out)).toMatchObject({ user: customer.user, language: "de", ...view });

  const record = await consentRecord(customer, undefined, "given");
  const body = await consentBody(customer, record);
  expect((await customer.request("POST", "/v1/consents", { body })).status).toBe(200);
  const listed = await run("consent", "list", customer.user, ...named);
  expect(JSON.parse(listed.out)).toMatchObject({ number: 1, record: { id: record.id } });

  const out = join(server.home, "receipt.json");
  expect((await run("consent", "receipt", record.id, ...named, "--out", out)).code).toBe(0);
  const { out: vkey } = await run("audit", "vkey", ...named);
  const verify = ["verify", "consent", out, "--vkey", vkey.trim()];
  const verified = await run(...verify);
  expect([verified.code, verified.out]).toEqual([
    0,
    expect.stringContaining(`consent ${record.id} to history_sharing was given, for the account`),
  ]);
  const receipt = JSON.parse(await readFile(out, "utf8")) as Record<string, string>;
  receipt["signature"] = toBase64Url(new Uint8Array(64));
  await writeFile(out, JSON.stringify(receipt));
  const forged = await run(...verify);
  expect([forged.code, forged.err]).toEqual([1, expect.stringContaining("did not sign")]);
  await Promise.all([file, out].map((each) => rm(each)));
});
