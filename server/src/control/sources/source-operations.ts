import { sourceDigest } from "@slipstream/contract/source.ts";
import type { Handlers } from "../api/call.ts";
import type { Control } from "../control.ts";
import { checkManifest } from "./source.ts";
import { noteSource, type SourceStore } from "./source-store.ts";

export const sourceOperations = ({ database }: Control, store: SourceStore): Pick<Handlers, "sources.check" | "sources.upload"> => ({
  async "sources.check"(manifest, call) {
    const size = checkManifest(manifest);
    const digest = sourceDigest(manifest);
    const missing = await store.check(call.tenant, digest, manifest);
    await noteSource(database, call.tenant, { digest, ...size });
    return { source: digest, missing };
  },

  async "sources.upload"({ sha256 }, call) {
    return { sizeBytes: await store.upload(call.tenant, sha256, call.body) };
  },
});
