// The `web` line of a Procfile.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

export const webCommand = (tree: SourceTree): string | undefined => /^web:[ \t]*(\S.*?)[ \t]*\r?$/m.exec(tree.read("Procfile") ?? "")?.[1];
