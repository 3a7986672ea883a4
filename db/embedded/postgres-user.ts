import { userInfo } from "node:os";
import { unavailable } from "./unavailable.ts";
import { run } from "./run.ts";

export interface UnixIds {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Returns the user that PostgreSQL runs as. PostgreSQL refuses to run as root, so root runs it as
 * user postgres, who is created if necessary.
 * @returns undefined if it runs as the user of this process
 * @throws DatabaseError embedded_unavailable
 */
export async function postgresUser(): Promise<UnixIds | undefined> {
  const own = process.getuid?.();
  if (own !== 0) {
    if (!hasAccount())
      throw unavailable(
        `PostgreSQL runs only as a user with an account, and user id ${own} has none on this machine.`,
      );
    return undefined;
  }
  const find = async () => {
    const [uid, gid] = await Promise.all([
      run("id", ["-u", "postgres"]),
      run("id", ["-g", "postgres"]),
    ]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  };
  try {
    return await find().catch(async () => {
      await run("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
      return find();
    });
  } catch (cause) {
    throw unavailable(
      "PostgreSQL does not run as root, and the user postgres could not be created.",
      cause,
    );
  }
}

function hasAccount(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}
