import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApproverKey } from "../../../audit/restore/approver-key.ts";
import { signCommand } from "../../../cli/commands/audit/restore/sign.ts";
import { signAdoption } from "../../../cli/commands/audit/adopt/sign.ts";
import { readKeyFile } from "../../../keys/kms/local/read-key-file.ts";
import { isPrivate } from "../../../keys/private-file.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-key-file-"));
  file = join(folder, "a.key");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isOpen = (mode: string) =>
  expect.objectContaining({
    code: "key_file_open",
    message: expect.stringMatching(
      new RegExp(`a\\.key: its permissions are ${mode}\\. Run chmod 600 on it`),
    ) as string,
  });

test.each([0o644, 0o640, 0o620, 0o601])(
  "a key file with the permissions %o is refused, with what to do",
  async (mode) => {
    await writeFile(file, randomBytes(32));
    await chmod(file, mode);
    await expect(readKeyFile(file)).rejects.toThrow(isOpen(`0${mode.toString(8)}`));
  },
);

test.each([0o600, 0o400])("a key file with the permissions %o is read", async (mode) => {
  const key = randomBytes(32);
  await writeFile(file, key);
  await chmod(file, mode);
  expect(Buffer.from((await readKeyFile(file)).reveal())).toEqual(key);
});

test("nobody signs with the key of an approver that others may read", async () => {
  await writeFile(file, createApproverKey("alice"), { mode: 0o644 });
  await chmod(file, 0o644);
  const print = () => Promise.reject(new Error("It printed."));
  await expect(signCommand(folder, { key: file }, print)).rejects.toThrow(isOpen("0644"));
  await expect(signAdoption(folder, { key: file })).rejects.toThrow(isOpen("0644"));
});

test.each([
  [0o600, 1000, 1000, true],
  [0o640, 1000, 1000, false],
  [0o440, 0, 1000, true],
  [0o444, 0, 1000, false],
  [0o460, 0, 1000, false],
  [0o440, 0, 0, false],
])("permissions %i of a file of user %i, which user %i reads: private is %s", (...row) => {
  const [mode, owner, reader, expected] = row;
  expect(isPrivate(mode, owner, reader)).toBe(expected);
});
