// A path inside a source tree.
import { z } from "zod";
import { limit } from "./limits.ts";

/** What a file system can name (Linux: 255 bytes a part), as text that is the same in UTF-8. */
const isNameable = (path: string): boolean =>
  path.isWellFormed() && Buffer.byteLength(path) <= limit("sourcePathBytes") && path.split("/").every((part) => Buffer.byteLength(part) <= 255);

const isInside = (path: string): boolean =>
  !path.includes("\0") && !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/** What nearly every path is, and nothing else needs to be looked at: a source has up to 100,000 of them. */
const plain = /^(?:[\w@+-][\w.@+-]{0,99}\/){0,9}[\w@+-][\w.@+-]{0,99}$/;
const isPlain = (path: string): boolean => plain.test(path);

/** Relative, '/' between parts, no '.', '..', empty part or NUL. */
export const SourcePath = z
  .string()
  .min(1)
  .max(1_024)
  .refine((path) => isPlain(path) || isInside(path), "a relative path inside the source")
  .refine((path) => isPlain(path) || isNameable(path), "a path of UTF-8 whose parts have at most 255 bytes");
