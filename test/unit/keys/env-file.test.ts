import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvFile } from "../../../keys/env-file.ts";

const text = "NODE_ENV=production\r\nLOG_LEVEL=warn\r\n";

test.each<[string, Buffer]>([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with a byte order mark", Buffer.from(`\uFEFF${text}`)],
  ["UTF-16, little endian", Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16, big endian", Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
])("every variable of a file in %s counts", async (_encoding, bytes) => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
  await writeFile(join(folder, ".env"), bytes);
  expect({ ...readEnvFile(join(folder, ".env")) }).toEqual({
    NODE_ENV: "production",
    LOG_LEVEL: "warn",
  });
  await rm(folder, { recursive: true });
});
