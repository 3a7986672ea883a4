import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { withFileLock } from "../../file-lock.ts";
import { KeysError } from "../../keys-error.ts";
import { removeUnfinished, replaceFile } from "../../private-file.ts";
import {
  readKeyring,
  writeKeyring,
  type KeyringContents,
  type ReadKeyring,
} from "./keyring-file.ts";
import { KeyringSealer, type SealingSecrets } from "./keyring-seal.ts";

export interface KeyringOptions extends SealingSecrets {
  /** SEALDESK_HOME: the folder that holds `keyring.json`. */
  readonly home: string;
  /** True in production: an unsealed keyring is refused. */
  readonly mustBeSealed: boolean;
}

interface Held extends ReadKeyring {
  readonly stamp: string;
}

/** `keyring.json`. Several processes may use it at once and see each other's changes. */
export class Keyring {
  readonly #path: string;
  readonly #sealer: KeyringSealer;
  #held: Promise<Held> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: KeyringOptions) {
    this.#path = join(options.home, "keyring.json");
    this.#sealer = new KeyringSealer(options);
  }

  /**
   * Opens the keyring, or creates it on first use. A version 1 file, or an unsealed one that must
   * be sealed, is rewritten with the same keys. A file that cannot be read as a keyring is never
   * replaced. An unsealed file that other users could read, such as a restored copy, becomes private.
   * @throws KeysError keyring_damaged, keyring_unreachable, passphrase_required, wrong_passphrase
   */
  static async open(options: KeyringOptions): Promise<Keyring> {
    const keyring = new Keyring(options);
    if (options.mustBeSealed && !keyring.#sealer.seals)
      throw new KeysError(
        "passphrase_required",
        "In production the keyring must be sealed. Set SEALDESK_KEYRING_PASSPHRASE or SEALDESK_KEYRING_KEY_FILE.",
      );
    await keyring.#makeUnlessThere();
    if (!(await keyring.#read()).asWished) await keyring.change((contents) => contents);
    if ((await keyring.#read()).sealed === undefined) await keyring.#makePrivate();
    return keyring;
  }

  /** Returns the current contents, whichever process wrote them. */
  async contents(): Promise<KeyringContents> {
    return (await this.#read()).contents;
  }

  /**
   * Replaces the contents by the result of `edit`, atomically on disk, while no other process
   * changes them. When this resolves, a loss of power does not undo it, and no file that a killed
   * process left beside the keyring holds a key that `edit` removed.
   * @returns the new contents
   */
  change(edit: (contents: KeyringContents) => KeyringContents): Promise<KeyringContents> {
    const next = this.#last.then(() => this.#change(edit));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #change(edit: (contents: KeyringContents) => KeyringContents): Promise<KeyringContents> {
    return reach(() =>
      withFileLock(`${this.#path}.lock`, async (holds) => {
        await removeUnfinished(this.#path);
        const before = await this.#read();
        const contents = edit(before.contents);
        if (contents === before.contents && before.asWished) return contents;
        const text = await writeKeyring(contents, this.#sealer, before.sealed);
        if (!(await holds())) throw takenOver();
        await replaceFile(this.#path, text);
        return contents;
      }),
    );
  }

  /** Returns the contents on disk. An unchanged file is not read again. */
  async #read(): Promise<Held> {
    const stamp = await reach(() => this.#stamp());
    const held = await this.#held?.catch(() => undefined);
    if (held?.stamp === stamp) return held;
    const reading = this.#reread();
    this.#held = reading;
    return reading;
  }

  async #reread(): Promise<Held> {
    // The stamp is read first. If the file changes in between, the next call reads it again.
    const stamp = await reach(() => this.#stamp());
    const text = await reach(() => readFile(this.#path, "utf8"));
    return { ...(await readKeyring(text, this.#sealer)), stamp };
  }

  async #stamp(): Promise<string> {
    const { ino, mtimeNs, size } = await stat(this.#path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  }

  async #makePrivate(): Promise<void> {
    await reach(async () => {
      const { mode } = await stat(this.#path);
      if ((mode & 0o077) === 0) return;
      // A file that is mounted, such as a secret of Kubernetes, has the mode that its owner gave it.
      await chmod(this.#path, 0o600).catch((error: unknown) => {
        if (!["EPERM", "EROFS", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? ""))
          throw error;
      });
    });
  }

  async #makeUnlessThere(): Promise<void> {
    await reach(async () => {
      if (await isThere(this.#path)) return;
      await withFileLock(`${this.#path}.lock`, async (holds) => {
        if (await isThere(this.#path)) return;
        const empty = { id: toBase64Url(randomBytes(32)), keys: {} };
        const text = await writeKeyring(empty, this.#sealer, undefined);
        if (!(await holds())) throw takenOver();
        await replaceFile(this.#path, text);
      });
    });
  }
}

const takenOver = () => new Error("another process took over the lock");

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    },
  );

async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof KeysError) throw cause;
    throw new KeysError("keyring_unreachable", "The keyring file cannot be read or written.", {
      cause,
    });
  }
}
