// What tests of builds start from: an installation's folder of their own, and sources written in the test itself.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { LogLine } from "@slipstream/contract/logs.ts";
import type { BuildResult } from "@slipstream/contract/ports/host.ts";
import type { Runner } from "@slipstream/contract/ports/sandbox.ts";
import { type Home, homeAt } from "#platform/home.ts";
import { logOf } from "#platform/log.ts";
import type { BuildDependencies } from "../context.ts";
import { buildHandlers } from "../handlers.ts";
import { storeTree } from "../sources/store.ts";

export type Files = Readonly<Record<string, string>>;

export const testUser = 65_431;

const tags = { tenant: "ten", project: "pro", app: "app", deployment: "dep", commit: "", instance: "" };

export interface Fixture extends Disposable {
  home: Home;
  dependencies: BuildDependencies;
  handlers: ReturnType<typeof buildHandlers>;
  lines: LogLine[];
  /** Stores files as a source of the tenant "ten". */
  store(files: Files): Promise<string>;
  build(source: string, options?: { id?: string; app?: string; config?: AppConfig; secrets?: Record<string, string> }): Promise<BuildResult>;
}

const writeFiles = (folder: string, files: Files): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};

/** `runner` is called when a build starts a program. */
export const buildFixture = (runner: Runner): Fixture => {
  const root = mkdtempSync(join(tmpdir(), "slip-build-"));
  const home = homeAt(join(root, "home"));
  for (const folder of [home.cache, home.run, home.sources]) mkdirSync(folder, { recursive: true });
  const lines: LogLine[] = [];
  const dependencies: BuildDependencies = {
    home,
    uids: { fetch: testUser + 1, app: testUser },
    runner,
    withNetwork: undefined,
    logs: { append: (line) => void lines.push(line), flush: () => Promise.resolve(), follow: () => {}, removeApp: () => Promise.resolve() },
    log: logOf("test"),
    layersInUse: () => Promise.resolve(new Set()),
  };
  const handlers = buildHandlers(dependencies);
  let number = 0;
  return {
    home,
    dependencies,
    handlers,
    lines,
    async store(files) {
      const folder = mkdtempSync(join(root, "source-"));
      writeFiles(folder, files);
      return await storeTree(home, "ten", folder);
    },
    build: (source, { id = `build-${++number}`, app = "app", config = {}, secrets = {} } = {}) =>
      handlers.build({ id, tags: { ...tags, app }, source, config, secrets }, new AbortController().signal),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
};
