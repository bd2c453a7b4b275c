// What a build leaves of a function, beside its modules, for whoever loads it into workerd.
import { z } from "zod";

/** Lies in /app of the artifact, as do the modules. */
export const functionBundleFile = "bundle.json";

/** A module: the name by which others import it, and its file. */
export const FunctionModule = z.object({ name: z.string(), kind: z.enum(["esModule", "wasm", "data"]), file: z.string().regex(/^[\w-]+\.\w+$/) });
export type FunctionModule = z.infer<typeof FunctionModule>;

/** `modules`: the main one first. `process`: whether functions of its tenant may be in one process with it. */
export const FunctionBundle = z.object({
  compatibilityDate: z.string(),
  compatibilityFlags: z.array(z.string()),
  modules: z.array(FunctionModule).min(1),
  process: z.enum(["shared", "own"]),
});
export type FunctionBundle = z.infer<typeof FunctionBundle>;
