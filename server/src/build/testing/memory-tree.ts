// A source tree in memory, for tests of buildpacks.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export const memoryTree = (files: Readonly<Record<string, string>>): SourceTree => ({ paths: Object.keys(files), read: (path) => files[path] });
