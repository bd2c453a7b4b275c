// After the host process was killed: nothing of the builds that it was making is left.
import { rm } from "node:fs/promises";
import type { Home } from "#platform/home.ts";
import { ensureLayout, temporaryFolder } from "#platform/oci/layout.ts";
import { fetchesFolder } from "./git/fetch-folder.ts";
import { buildSecretsFolder, workspacesFolder } from "./workspace.ts";

/** To be called before the first build of this process, after runs of an older process were ended. */
export const recoverBuilds = async (home: Home): Promise<void> => {
  for (const folder of [workspacesFolder(home), buildSecretsFolder(home), temporaryFolder(home), fetchesFolder(home)])
    await rm(folder, { recursive: true, force: true });
  ensureLayout(home);
};
