import { archiveLog } from "../../../audit/archive/archive-log.ts";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { signedStatement } from "../../support/signed-statement.ts";

test("a restored log is archived with its statements, or not at all", async () => {
  const log = new MemoryLog();
  log.append([utf8("one"), utf8("two")]);
  const checkpoint = { origin: log.key.name, ...log.head, restores: 1 };
  const note = log.signed(checkpoint);
  const files = new Map<string, Uint8Array>();
  const store = {
    checkpoint: () => {
      const kept = files.get("checkpoint");
      return Promise.resolve(kept && fromUtf8(kept));
    },
    put: (path: string, bytes: Uint8Array) => Promise.resolve(void files.set(path, bytes)),
    close: () => Promise.resolve(),
  };
  const archived = { source: log, note, checkpoint, key: log.key };
  await expect(archiveLog(store, archived)).rejects.toMatchObject({
    code: "audit_log_inconsistent",
  });
  // Without its checkpoint, what was written is no archive.
  expect(files.has("checkpoint")).toBe(false);
  const lost = { restores: 1, published: log.head, continues: log.head };
  const statement = utf8(await signedStatement(log, lost));
  log.files.set("restore/1", statement);
  await archiveLog(store, archived);
  expect(files.get("restore/1")).toEqual(statement);
});
