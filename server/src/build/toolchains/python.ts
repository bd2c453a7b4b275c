// Python for the sandboxes.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { Home } from "#platform/home.ts";

export const pythonKey = (version: string): string => `python ${version}`;

export const makePython = (_home: Home, _root: string, version: string): Promise<void> =>
  Promise.reject(new SlipError("toolchain_unavailable", `Python ${version}`));
