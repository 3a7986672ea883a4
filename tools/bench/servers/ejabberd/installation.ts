import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { PeerError } from "../peer-error.ts";

const run = promisify(execFile);

export interface EjabberdInstallation {
  readonly version: string;
  /** The folder in which Erlang finds it, for ERL_LIBS. */
  readonly libraries: string;
  /** The tables that it needs in PostgreSQL, as shipped with it. */
  readonly schema: string;
}

const SCHEMAS = ["/usr/share/ejabberd/sql/pg.sql", "/usr/local/share/ejabberd/sql/pg.sql"];
const TELL_VERSION = `ok = application:load(ejabberd), {ok, Version} = application:get_key(ejabberd, vsn),
  {module, _} = code:ensure_loaded(pgsql), io:format("~s", [Version]), halt(0).`;

/**
 * Finds ejabberd on this machine.
 * @throws PeerError peer_missing, with what to install
 */
export async function findEjabberd(): Promise<EjabberdInstallation> {
  try {
    const libraries = librariesOf(await readFirst(controlScripts()));
    const { stdout } = await run(
      "erl",
      ["-noinput", "-boot", "start_clean", "-eval", TELL_VERSION],
      {
        env: { ...process.env, ERL_LIBS: libraries, ERL_CRASH_DUMP_SECONDS: "0" },
      },
    );
    return { version: stdout, libraries, schema: await readFirst(SCHEMAS) };
  } catch (cause) {
    throw new PeerError(
      "peer_missing",
      "ejabberd, or its driver for PostgreSQL, is not installed here. On Debian: apt-get install ejabberd erlang-p1-pgsql. To measure without it: --without ejabberd.",
      { cause },
    );
  }
}

/** Debian keeps it where only the superuser looks. */
const controlScripts = (): string[] =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"].map((folder) =>
    join(folder, "ejabberdctl"),
  );

function librariesOf(controlScript: string): string {
  const libraries = /^ERL_LIBS=['"]?([^'"\n]+)/m.exec(controlScript)?.[1];
  if (libraries === undefined) throw new Error("ejabberdctl does not say where ejabberd is");
  return libraries;
}

async function readFirst(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new Error(`none of these can be read: ${paths.join(", ")}`);
}
