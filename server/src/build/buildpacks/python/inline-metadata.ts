// What a script says in its own comments of what it needs (PEP 723), where no file of a project says it.
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const block = /^# \/\/\/ script[ \t]*\r?\n((?:#(?: .*)?\r?\n)+?)# \/\/\/[ \t]*\r?$/m;

const usual: readonly string[] = ["main.py", "app.py", "server.py", "run.py"];

/** The script at the top that has such a block, and the TOML in it: by the usual names, else the only one that there is. */
export const inlineScript = (tree: SourceTree): { path: string; toml: string } | undefined => {
  const found = tree.paths.flatMap((path) => {
    const text = /^[\w-]+\.py$/.test(path) ? block.exec(tree.read(path) ?? "")?.[1] : undefined;
    return text === undefined ? [] : [{ path, toml: text.replace(/^# ?/gm, "") }];
  });
  const named = usual.flatMap((name) => found.find(({ path }) => path === name) ?? []);
  return named[0] ?? (found.length === 1 ? found[0] : undefined);
};
