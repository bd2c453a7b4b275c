// Python: requirements.txt or pyproject.toml; WSGI and ASGI apps, and scripts.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Buildpack } from "@slipstream/contract/ports/buildpack.ts";

export const python: Buildpack = {
  name: "python",
  detect: (tree) => ["requirements.txt", "pyproject.toml"].find((path) => tree.paths.includes(path)),
  plan() {
    throw new SlipError("no_start_command");
  },
};
