import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditAction } from "../../../audit/actions.ts";
import { addApiKey } from "../../../identity/administration/api-keys.ts";
import { outsideActionTable } from "../../support/outside-action-table.ts";
import { ed25519 } from "../../support/device.ts";
import { startKeySetServer, type KeySetServer } from "../../support/key-set-server.ts";
import {
  refuseCodes,
  startDishonestProvider,
  type DishonestProvider,
} from "../../support/dishonest-provider.ts";
import { REDIRECT_URI } from "../../support/identity-provider.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { putNoticeInForce } from "../../support/notices.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { others } from "./commands-elsewhere.ts";

let server: TestServer;
let folder: string;
let provider: DishonestProvider;
let backend: KeySetServer;
let apiKey: string;
let account: string;

beforeAll(async () => {
  server = await startTestServer();
  provider = await startDishonestProvider();
  refuseCodes(provider);
  backend = await startKeySetServer({ published: ed25519() });
  const made = await addApiKey(server.database.ownerUrl, {
    slug: server.tenant.slug,
    name: "to-be-changed",
    scopes: ["read_staff"],
    days: 1,
    nowMs: Date.now(),
  });
  apiKey = made.reveal().split("_")[1] ?? "";
  account = (await server.createStaff("auditor")).id;
  await putNoticeInForce(server);
  folder = await mkdtemp(join(tmpdir(), "sealdesk-commands-"));
  const { kty, crv, x } = JSON.parse(
    await readFile(join(server.home, "development", "customer-token-key.json"), "utf8").catch(() =>
      JSON.stringify({
        kty: "OKP",
        crv: "Ed25519",
        x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
      }),
    ),
  ) as Record<string, string>;
  await writeFile(
    join(folder, "keys.json"),
    JSON.stringify({ keys: [{ kty, crv, x, kid: "added", alg: "EdDSA", use: "sig" }] }),
  );
  await until(async () => {
    const { rowCount } = await server.database.owner.query(
      "select from audit.checkpoints where log = $1",
      [server.tenant.id],
    );
    return rowCount !== 0;
  });
});
afterAll(async () => {
  await backend.close();
  await server.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

async function sealdesk(args: readonly string[], input = "") {
  const { code, out, err } = await runSealdesk(server, args, input);
  return { status: code, output: out + err };
}

/** Every command without commands below it, from the program's own help. */
async function allCommands(path: readonly string[] = []): Promise<string[]> {
  const { output } = await sealdesk([...path, "--help"]);
  const [, listed] = output.split("\nCommands:\n");
  if (listed === undefined) return [path.join(" ")];
  const below: string[] = [];
  for (const [, name = "", rest = ""] of listed.matchAll(/^ {2}([a-z][\w-]*)(.*)$/gm)) {
    if (name === "help") continue;
    // A command with options has no commands below it.
    if (rest.startsWith(" [options]")) below.push([...path, name].join(" "));
    else below.push(...(await allCommands([...path, name])));
  }
  return below;
}

type Changing = {
  readonly args: () => readonly string[];
  readonly leaves: AuditAction;
  input?: string;
};
const slug = () => server.tenant.slug;
const ofSlug =
  (...more: readonly string[]) =>
  () => ["--slug", slug(), ...more];
const changing: Readonly<Record<string, Changing>> = {
  "tenant create": {
    args: () => ["--slug", "made", "--name", "Made"],
    leaves: "tenant.create",
  },
  "tenant suspend": { args: () => ["--slug", slug()], leaves: "tenant.suspend" },
  "tenant resume": { args: () => ["--slug", slug()], leaves: "tenant.resume" },
  "tenant staff-grants": { args: ofSlug("--set", "on"), leaves: "tenant.allow_staff_grants" },
  "tenant anonymous-customers": {
    args: ofSlug("--set", "on"),
    leaves: "tenant.allow_anonymous_customers",
  },
  "tenant second-factor": {
    args: ofSlug("--role", "auditor", "--set", "required"),
    leaves: "tenant.set_second_factor",
  },
  "tenant idle-log-off": { args: ofSlug("--minutes", "15"), leaves: "tenant.set_idle_log_off" },
  "tenant purpose-of-use": {
    args: ofSlug("--reads", "none", "--codes", "CLAIMS_REVIEW"),
    leaves: "tenant.set_purpose_of_use",
  },
  "tenant message-revisions": {
    args: ofSlug("--minutes", "15"),
    leaves: "tenant.set_message_revisions",
  },
  "tenant accounting": { args: ofSlug("--operations", "listed"), leaves: "tenant.set_accounting" },
  "tenant limits set": {
    args: ofSlug("--limit", "tenant_socket_limit", "--value", "1000"),
    leaves: "tenant.set_limit",
  },
  "tenant keys add": {
    args: () => ["--slug", slug(), "--customer-keys", join(folder, "keys.json")],
    leaves: "tenant.add_customer_keys",
  },
  "tenant keys remove": {
    args: () => ["--slug", slug(), "--kid", "added"],
    leaves: "tenant.remove_customer_key",
  },
  "tenant keys set": {
    args: () => ["--slug", slug(), "--customer-keys", join(folder, "keys.json")],
    leaves: "tenant.set_customer_keys",
  },
  "tenant keys revoke": {
    args: () => ["--slug", slug(), "--kid", "stolen"],
    leaves: "tenant.revoke_customer_key",
  },
  "tenant keys unrevoke": {
    args: () => ["--slug", slug(), "--kid", "stolen"],
    leaves: "tenant.unrevoke_customer_key",
  },
  "tenant keys set-url": {
    args: () => ["--slug", slug(), "--customer-jwks-url", backend.url],
    leaves: "tenant.set_customer_jwks_url",
  },
  "tenant keys remove-url": {
    args: () => ["--slug", slug()],
    leaves: "tenant.remove_customer_jwks_url",
  },
  "tenant origins add": {
    args: () => ["--slug", slug(), "--origin", "https://www.example.com"],
    leaves: "tenant.add_origin",
  },
  "tenant origins remove": {
    args: () => ["--slug", slug(), "--origin", "https://www.example.com"],
    leaves: "tenant.remove_origin",
  },
  "user create": {
    args: () => ["--tenant", slug(), "--username", "made", "--role", "agent"],
    leaves: "user.create",
    input: "correct-horse-battery-1\n",
  },
  "user reset": {
    args: () => ["--tenant", slug(), "--username", "made", "--reason", "devices_lost"],
    leaves: "account.reset",
  },
  "user set-role": {
    args: () => ["--tenant", slug(), "--username", "made", "--role", "supervisor"],
    leaves: "user.set_role",
  },
  "user disable": {
    args: () => ["--tenant", slug(), "--username", "made"],
    leaves: "user.disable",
  },
  "user enable": {
    args: () => ["--tenant", slug(), "--username", "made"],
    leaves: "user.enable",
  },
  "api-key add": {
    args: () => ["--tenant", slug(), "--name", "backend", "--scope", "read_staff"],
    leaves: "tenant.add_api_key",
  },
  "api-key rotate": {
    args: () => ["--tenant", slug(), "--id", apiKey],
    leaves: "tenant.rotate_api_key",
  },
  "api-key remove": {
    args: () => ["--tenant", slug(), "--id", apiKey],
    leaves: "tenant.remove_api_key",
  },
  "idp add": {
    args: () =>
      [
        ["--tenant", slug(), "--name", "idp", "--issuer", provider.issuer],
        ["--client-id", "sealdesk", "--redirect-uri", REDIRECT_URI, "--role", "support=agent"],
      ].flat(),
    leaves: "tenant.add_identity_provider",
    input: "a secret of the client\n",
  },
  "idp link": {
    args: () =>
      "--tenant SLUG --name idp --username made --subject somebody"
        .replace("SLUG", slug())
        .split(" "),
    leaves: "user.link_identity",
  },
  "idp teams": {
    args: () => ["--tenant", slug(), "--name", "idp", "--team", "support=claims"],
    leaves: "tenant.map_teams",
  },
  "team add": {
    args: () => ["--tenant", slug(), "--team", "cards", "--username", "made"],
    leaves: "team.add_member",
  },
  "team remove": {
    args: () => ["--tenant", slug(), "--team", "cards", "--username", "made"],
    leaves: "team.remove_member",
  },
  "idp test": {
    args: () => ["--tenant", slug(), "--name", "idp"],
    leaves: "tenant.test_identity_provider",
  },
  "idp remove": {
    args: () => ["--tenant", slug(), "--name", "idp"],
    leaves: "tenant.remove_identity_provider",
  },
  "user set-password": {
    args: () => ["--tenant", slug(), "--username", "made"],
    leaves: "user.set_password",
    input: "correct-horse-battery-2\n",
  },
  "user reset-password": {
    args: () => ["--tenant", slug(), "--username", "made"],
    leaves: "user.create_password_reset",
  },
  "audit monitor add": {
    args: () => ["--tenant", slug(), "--name", "monitor"],
    leaves: "tenant.add_monitor",
  },
  "audit monitor remove": {
    args: () => ["--tenant", slug(), "--name", "monitor"],
    leaves: "tenant.remove_monitor",
  },
  "policy draft": {
    args: () => ["--tenant", slug(), "--restore", "0", "--as", "ann", "--because", "a test"],
    leaves: "policy.draft",
  },
  "policy explain": {
    args: () => [account, "read", "audit_log", "--tenant", slug()],
    leaves: "policy.explain",
  },
  "policy who-can": {
    args: () => ["read", "audit_log", "--tenant", slug()],
    leaves: "policy.who_can",
  },
  "notice list": { args: () => ["--tenant", slug()], leaves: "notice.list" },
  "notice views": { args: () => ["1", "--tenant", slug()], leaves: "notice.list_views" },
  "consent list": { args: () => [account, "--tenant", slug()], leaves: "consent.list" },
  "tenant require-consents": {
    args: () => ["--slug", slug(), "--for", "moderation"],
    leaves: "tenant.require_consents",
  },
  "approval list": { args: () => ["--tenant", slug()], leaves: "approval.list" },
  "retention show": { args: () => ["--tenant", slug()], leaves: "retention.read" },
  "retention preview": {
    args: () => ["--tenant", slug(), "--keep", "7y"],
    leaves: "retention.preview",
  },
  "retention save": {
    args: () => ["--tenant", slug(), "--keep", "7y", "--because", "a test"],
    leaves: "retention.save",
  },
  "retention lock": {
    args: () => ["--tenant", slug(), "--days", "6y", "--citation", "a test"],
    leaves: "retention.lock",
  },
  "request list": { args: () => ["--tenant", slug()], leaves: "request.list" },
  "request rules show": { args: () => ["--tenant", slug()], leaves: "request.read_rules" },
  "case list": { args: () => ["--tenant", slug()], leaves: "case.list" },
  controls: { args: () => ["--tenant", slug()], leaves: "compliance.read" },
  "processing-records": {
    args: () => ["--tenant", slug()],
    leaves: "compliance.read_processing",
  },
  "breach list": { args: () => ["--tenant", slug()], leaves: "breach.list" },
  "hold list": { args: () => ["--tenant", slug()], leaves: "hold.list" },
  "hold matches": { args: () => ["--tenant", slug()], leaves: "hold.list_matches" },
  "report count": { args: () => ["--tenant", slug()], leaves: "report.count" },
  "restriction list": { args: () => ["--tenant", slug()], leaves: "restriction.list" },
  "hold reopened": { args: () => ["--tenant", slug()], leaves: "hold.list_reopened" },
  "break-glass list": { args: () => ["--tenant", slug()], leaves: "break_glass.list" },
  "alerts list": { args: () => ["--tenant", slug()], leaves: "alert.list" },
  "audit key rotate": { args: () => [], leaves: "audit_key.rotate" },
  "keys rotate-kek": { args: () => ["--tenant", slug()], leaves: "keys.rotate_kek" },
  "keys rotate": { args: () => ["--name", "tokens"], leaves: "server_key.rotate" },
  "keys rewrap": { args: () => [], leaves: "server_keys.rewrap" },
  "audit retention": {
    args: () => ["--tenant", slug(), "--days", "3000"],
    leaves: "audit.set_retention",
  },
};

test("every command of the program is in one of the two lists", async () => {
  expect((await allCommands()).toSorted()).toEqual(
    [...Object.keys(changing), ...Object.keys(others)].toSorted(),
  );
});

/**
 * All rows outside the log, and with `ofKeys` the keystore and the keyring. They are not in the
 * transaction of an act, so a key may be left for a user who was not created.
 */
async function everythingKept(ofKeys: boolean): Promise<string> {
  const { owner } = server.database;
  const { rows } = await owner.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'sealdesk' or (schemaname = 'keystore' and $1) order by 1`,
    [ofKeys],
  );
  const digests: string[] = [];
  for (const { name } of rows) {
    const digest = await owner.query<{ digest: string }>(
      `select md5(string_agg(t::text, '' order by t::text)) as digest from ${name} t`,
    );
    digests.push(`${name} ${digest.rows[0]?.digest ?? ""}`);
  }
  const keyrings = (await readdir(server.home)).filter((each) => each.includes("keyring"));
  for (const name of ofKeys ? keyrings : []) {
    const text = await readFile(join(server.home, name)).catch(() => "a folder");
    digests.push(`${name} ${createHash("sha256").update(text).digest("hex")}`);
  }
  return digests.join("\n");
}

async function droppingEntries<T>(work: () => Promise<T>): Promise<T> {
  const { owner } = server.database;
  await owner.query(
    `create or replace function public.drop_entry() returns trigger language plpgsql
     as $$ begin return null; end $$;
     create trigger a_drop before insert on audit.entries for each row execute function public.drop_entry()`,
  );
  try {
    return await work();
  } finally {
    await owner.query("drop trigger a_drop on audit.entries");
  }
}

test.each(Object.entries(changing))(
  "sealdesk %s leaves its entry, or changes nothing",
  async (name, { args, leaves, input }) => {
    const words = [...name.split(" "), ...args()];
    const ofKeys = name.startsWith("keys ") || name.startsWith("audit key ");
    const before = await everythingKept(ofKeys);
    const refused = await droppingEntries(() => sealdesk(words, input));
    expect(refused).toEqual({
      status: 1,
      output: expect.stringContaining("did not store the audit entry"),
    });
    expect(await everythingKept(ofKeys)).toBe(before);
    expect(await sealdesk(words, input)).toMatchObject({ status: 0 });
    const { rows } = await server.database.owner.query<{ action: string }>(
      `select convert_from(entry, 'UTF8')::jsonb ->> 'action' as action from audit.entries
       where convert_from(entry, 'UTF8') like '{%' order by id`,
    );
    expect(rows.map(({ action }) => action)).toContain(leaves);
  },
);

test.each([
  ["tail", ["--lines", "1"], "audit.tail"],
  ["prove", ["--index", "0", "--out", "proof"], "audit.prove"],
  ["archive", ["--out", "archive"], "audit.archive"],
  ["reconcile", [], "audit.reconcile"],
])("sealdesk audit %s of a tenant's log is on record", async (name, options, action) => {
  const at = options.map((each) =>
    ["proof", "archive"].includes(each) ? join(folder, each) : each,
  );
  const args = ["audit", name, "--tenant", slug(), ...at];
  expect(await droppingEntries(() => sealdesk(args))).toMatchObject({ status: 1 });
  expect(await sealdesk(args)).toMatchObject({ status: 0 });
  expect((await server.auditEntries()).at(-1)).toMatchObject({ action, class: "R" });
});

test("every entry is as the table of actions says", async () => {
  const entries = await server.auditEntries();
  expect(entries.length).toBeGreaterThan(15);
  expect(entries.flatMap(outsideActionTable)).toEqual([]);
});
