import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { approver, approvers } from "../../support/approvers.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { signedStatement } from "../../support/signed-statement.ts";

const { sha256 } = nodeChecks;
const entries = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => utf8(`{"entry":${from + at}}`));
const vkeys = approvers.map((key) => formatVkey(sha256, key));

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "sealdesk-verify-"));
  folder = join(parent, "export");
});
afterEach(() => rm(parent, { recursive: true }));

/** Writes a log of 9 entries that was restored at 5 and has 7 entries now. */
async function setUp(
  changes: {
    readonly number?: number;
    readonly from?: number;
    readonly history?: readonly Uint8Array[];
  } = {},
) {
  const { number = 1, from = 5, history = [...entries(0, 5), ...entries(20, 22)] } = changes;
  const log = new MemoryLog("desk.example/audit/t/demo");
  log.append(entries(0, from));
  const continues = log.head;
  log.append(entries(from, 9));
  const after = log.again(history);
  after.files.set("checkpoint", utf8(log.signed({ ...after.head, restores: 1 })));
  const lost = { restores: number, published: log.head, continues };
  after.files.set("restore/1", utf8(await signedStatement(log, lost)));
  for (const [path, bytes] of after.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const old = join(parent, "old");
  let isLost = false;
  return {
    log,
    isLost: () => isLost,
    verify: async (head?: Omit<Checkpoint, "origin">, known?: readonly string[]) => {
      if (head !== undefined) await writeFile(old, log.signed(head));
      return verifyFiles(
        folder,
        {
          vkey: formatVkey(sha256, log.key),
          ...(head && { old }),
          ...(known && { approver: known }),
        },
        () => (isLost = true),
      );
    },
  };
}

test("a verifier with known approvers learns which entries of the old checkpoint are missing", async () => {
  const { log, verify, isLost } = await setUp();
  expect(await verify(undefined, vkeys)).toMatch(/, approved by alice\+.*It lost entries 5 to 8\./);
  expect(isLost()).toBe(false);
  expect(await verify(log.head, vkeys)).toMatch(/Entries 5 to 8 of the old checkpoint are missing/);
  expect(isLost()).toBe(true);
});

test("without known approvers a restore that lost entries of the old checkpoint is refused", async () => {
  const { log, verify } = await setUp();
  await expect(verify(log.head)).rejects.toMatchObject({ code: "unsigned" });
  // The log itself holds. What it says about a restore is a claim.
  expect(await verify()).toMatch(/as the log's key claims/);
  const strangers = ["carol", "dave"].map((name) => formatVkey(sha256, approver(name).key));
  await expect(verify(undefined, strangers)).rejects.toMatchObject({ code: "unsigned" });
  await expect(verify(undefined, [vkeys[0] ?? "", strangers[0] ?? ""])).rejects.toMatchObject({
    code: "unsigned",
  });
});

test("a log whose number of restores went down is refused", async () => {
  const { log, verify } = await setUp();
  const head = { ...log.again(entries(0, 5)).head, restores: 2 };
  await expect(verify(head, vkeys)).rejects.toMatchObject({ code: "rolled_back" });
});

test("a statement in the file of another number is refused", async () => {
  const { verify } = await setUp({ number: 2 });
  await expect(verify(undefined, vkeys)).rejects.toMatchObject({ code: "mismatch" });
});

test("a log that does not continue from where its statement says is refused", async () => {
  const { log, verify } = await setUp({ from: 6 });
  for (const head of [undefined, log.head])
    await expect(verify(head, vkeys)).rejects.toMatchObject({ code: "forked" });
});

test("a missing statement is refused", async () => {
  const { log, verify } = await setUp();
  await rm(join(folder, "restore/1"));
  for (const head of [undefined, log.head])
    await expect(verify(head, vkeys)).rejects.toMatchObject({ code: "missing" });
});

test("an old checkpoint does not make the check of where the log continues weaker", async () => {
  const { log, verify } = await setUp({ history: [...entries(0, 3), ...entries(40, 45)] });
  for (const head of [undefined, log.again(entries(0, 3)).head])
    await expect(verify(head, vkeys)).rejects.toMatchObject({ code: "forked" });
});

test("an old checkpoint above what the approvers knew of is a warning", async () => {
  const { log, verify } = await setUp();
  expect(await verify(log.head, vkeys)).not.toContain(" Warning: the old checkpoint");
  const longer = log.again(entries(0, 20));
  expect(await verify(longer.head, vkeys)).toMatch(
    /Warning: the old checkpoint has 20 entries, but the approvers signed that 9 were published\./,
  );
});

test("approvers of restores before the old checkpoint need not be known", async () => {
  const strangers = ["carol", "dave"].map((name) => formatVkey(sha256, approver(name).key));
  const { verify } = await setUp();
  const at6 = { ...log6().head, restores: 1 };
  expect(await verify(at6, strangers)).toMatch(/as the log's key claims/);
  await expect(verify(undefined, strangers)).rejects.toMatchObject({ code: "unsigned" });

  function log6() {
    const log = new MemoryLog("desk.example/audit/t/demo");
    log.append([...entries(0, 5), ...entries(20, 21)]);
    return log;
  }
});
