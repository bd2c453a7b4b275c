// After the host process was killed: nothing of the builds that it was making is left.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "#platform/boot.ts";
import { removeTree } from "#platform/files.ts";
import type { Home } from "#platform/home.ts";
import { ensureLayout, temporaryFolder } from "#platform/oci/layout.ts";
import { fetchesFolder } from "./git/fetch-folder.ts";
import { buildSecretsFolder, workspacesFolder } from "./workspace.ts";

/**
 * Blobs are on disk before anything names them, the unpacked folders of layers are not: after a power loss they could be half
 * written. So the first start after a boot drops them all; they are made of their blobs again, and verified, when they are needed.
 */
const dropLayersOfEarlierBoot = async (home: Home): Promise<void> => {
  const boot = bootId();
  const note = join(home.cache, "boot-id");
  if (existsSync(note) && readFileSync(note, "utf8") === boot) return;
  for (const name of readdirSync(home.layers)) await removeTree(join(home.layers, name));
  writeFileSync(note, boot);
};

/** To be called before the first build of this process, after runs of an older process were ended. */
export const recoverBuilds = async (home: Home): Promise<void> => {
  for (const folder of [workspacesFolder(home), buildSecretsFolder(home), temporaryFolder(home), fetchesFolder(home)]) await removeTree(folder);
  ensureLayout(home);
  mkdirSync(home.cache, { recursive: true, mode: 0o711 });
  await dropLayersOfEarlierBoot(home);
};
