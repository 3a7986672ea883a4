/**
 * Rewrites declarations so that TypeScript before 5.7 reads them: there `Uint8Array` takes no type
 * argument. The new spelling means the same in every later version.
 * Usage: node older-types.mjs FOLDER
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "."] = process.argv.slice(2);
for (const path of readdirSync(folder, { recursive: true })) {
  if (!path.endsWith(".d.ts")) continue;
  const file = join(folder, path);
  const declared = readFileSync(file, "utf8");
  const rewritten = declared
    .replaceAll("Uint8Array<ArrayBufferLike>", "Uint8Array")
    .replaceAll("Uint8Array<ArrayBuffer>", 'ReturnType<Uint8ArrayConstructor["of"]>');
  if (rewritten !== declared) writeFileSync(file, rewritten);
}
