// Packages whose start script is a program of another device: nothing of theirs answers requests.
import { SlipError } from "@slipstream/contract/errors.ts";
import type { PackageFile } from "./package-file.ts";

const devices: readonly (readonly [start: RegExp, what: string])[] = [
  [/^(?:npx )?electron(?:-forge|-vite|mon)?(?:\s|$)/, "for desktops, made with Electron"],
  [/^(?:npx )?(?:tauri|neu)\s/, "for desktops"],
  [/^(?:npx )?(?:react-native|metro)\s/, "for telephones, made with React Native"],
  [/^(?:npx )?(?:plasmo|wxt|web-ext)(?:\s|$)/, "for browsers, which add it to themselves"],
];

/** Refused before anything is installed, which is long of such a package; undefined where it is none. */
export const otherDevice = ({ scripts }: PackageFile): SlipError | undefined => {
  const start = scripts.start?.trim() ?? "";
  const what = devices.find(([pattern]) => pattern.test(start))?.[1];
  if (what === undefined) return undefined;
  return new SlipError("no_start_command", `The start script, '${start}', is no server.`, {
    file: "package.json",
    cause: `It is an app ${what}: it runs on the device of whoever uses it.`,
    next: [
      "Where it has pages for the web too, set [build] command and output in slip.toml to what makes them, and to the folder that they are made in.",
      "Deploy the server that it talks to, from the folder of that.",
    ],
  });
};
