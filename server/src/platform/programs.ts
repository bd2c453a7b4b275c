// Where a program of the machine is.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { cleanEnv } from "./exec.ts";

/** Absolute path of a program in the folders that our children search, or undefined. */
export const findProgram = (name: string, folders: readonly string[] = cleanEnv.PATH.split(":")): string | undefined =>
  folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
