// environment.yml of conda, whose packages nobody installs here: said before the app is started without them.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";

const files: readonly string[] = ["environment.yml", "environment.yaml"];

/** No distributions that pip installs into an environment. */
const ofConda: ReadonlySet<string> = new Set(["python", "pip", "nodejs", "conda"]);

/** Names in the lists of `dependencies`, conda's own and pip's, as they stand. */
const namesIn = (text: string): string[] => {
  const [, list = ""] = /^dependencies:[ \t]*\r?\n((?:[ \t]*-.*\r?\n?|[ \t]+.*\r?\n?|[ \t]*\r?\n)*)/m.exec(text) ?? [];
  return [...list.matchAll(/^[ \t]*-[ \t]*["']?(?:[\w-]+::)?([A-Za-z][\w.-]*)(?![\w.-]*:)/gm)].flatMap(([, name = ""]) => (ofConda.has(name) ? [] : name));
};

/** Undefined where there is no such file, or nothing in it is missing. The caller knows that nothing else says what is needed. */
export const condaAlone = (tree: SourceTree): SlipError | undefined => {
  const file = files.find((path) => tree.paths.includes(path));
  const names = file === undefined ? [] : namesIn(tree.read(file) ?? "");
  if (file === undefined || names.length === 0) return undefined;
  return new SlipError("install_failed", `${file} is a list for conda, which does not install here: pip and uv do.`, {
    file,
    next: [
      `Add a requirements.txt with these lines, by the names that PyPI has for them: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}.`,
      "Or set [build] install in slip.toml to what installs them.",
    ],
  });
};
