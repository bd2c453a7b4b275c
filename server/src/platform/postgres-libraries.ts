// npm packages cannot hold links: the package of PostgreSQL lists those that its libraries need, and a script of its own makes
// them. We make them ourselves, because no script of a package runs at install (.npmrc).
import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { postgresPackage } from "./postgres-server.ts";

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Makes the links of the libraries of PostgreSQL inside the repository at `code`, where they are missing. */
export const linkPostgresLibraries = (code: string): void => {
  const root = postgresPackage(code);
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(join(root, "native/pg-symlinks.json"), "utf8")))) {
    try {
      symlinkSync(relative(dirname(target), source), join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
};
