/** Loaded into a server ahead of its own code: puts `parts.ts` in the place of what it leaves out. */
import { register } from "node:module";

register(new URL("./resolve.js", import.meta.url));
