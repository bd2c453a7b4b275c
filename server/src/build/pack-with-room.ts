// A layer is packed beside the files that it is made of: for a moment the disk holds both.
import { limit } from "@slipstream/contract/limits.ts";
import { freeBytes, requireRoom } from "#platform/disk-room.ts";
import type { Home } from "#platform/home.ts";
import type { SealedBlob } from "#platform/oci/blob-file.ts";
import { packLayer } from "#platform/oci/pack.ts";
import { bytesHeld } from "./disk-guard.ts";

/** Packs a folder. Throws `disk_full` where a second copy of it would take of the reserve. */
export const packWithRoom = async (home: Home, folder: string, options: Omit<Parameters<typeof packLayer>[2], "maxBytes">): Promise<SealedBlob> => {
  const maxBytes = limit("imageBytes");
  // Counting takes time, and no layer may be larger.
  if (freeBytes(home.root) < limit("diskReserveBytes") + maxBytes) requireRoom(home, await bytesHeld([folder]));
  return await packLayer(home, folder, { ...options, maxBytes });
};
