// A path inside a source tree.
import { z } from "zod";
import { limit } from "./limits.ts";

/** What a file system can name (Linux: 255 bytes a part), as text that is the same in UTF-8. */
const isNameable = (path: string): boolean =>
  path.isWellFormed() && Buffer.byteLength(path) <= limit("sourcePathBytes") && path.split("/").every((part) => Buffer.byteLength(part) <= 255);

/** Relative, '/' between parts, no '.', '..', empty part or NUL. */
export const SourcePath = z
  .string()
  .min(1)
  .max(1_024)
  .refine(
    (path) => !path.includes("\0") && !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "a relative path inside the source",
  )
  .refine(isNameable, "a path of UTF-8 whose parts have at most 255 bytes");
