// Copies to the compiled code what the compiler leaves behind, at the same relative path, and makes
// the command executable. It copies only changed files.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const assets = [
  { folder: "db/migrations", isAsset: (path) => path.endsWith(".sql") },
  { folder: "db/keystore-migrations", isAsset: (path) => path.endsWith(".sql") },
  { folder: "db", isAsset: (path) => path === "guards.txt" },
  { folder: "crypto/wire", isAsset: (path) => path.endsWith(".proto") },
  { folder: "server/http/pages", isAsset: (path) => !path.endsWith(".ts") },
];

for (const { folder, isAsset } of assets)
  for (const path of filesUnder(join(root, folder)).filter(isAsset))
    copyWhenChanged(join(root, folder, path), join(root, "dist", folder, path));

// A migration that was renamed must not also run under its old name.
for (const path of filesUnder(join(root, "dist/db/migrations")))
  if (!existsSync(join(root, "db/migrations", path)))
    rmSync(join(root, "dist/db/migrations", path));

const command = join(root, "dist/cli/main.js");
if (existsSync(command)) chmodSync(command, 0o755);

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function copyWhenChanged(source, target) {
  const from = statSync(source);
  const to = statSync(target, { throwIfNoEntry: false });
  if (to?.size === from.size && to.mtimeMs >= from.mtimeMs) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}
