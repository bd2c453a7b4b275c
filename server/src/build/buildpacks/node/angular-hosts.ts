// Angular's server makes pages for host names that it was told alone; for all others it answers with an empty page, or 400.
import type { AppConfig } from "@slipstream/contract/config.ts";
import type { SourceTree } from "@slipstream/contract/ports/buildpack.ts";
import { dependsOn, type PackageFile } from "./package-file.ts";

const variable = "NG_ALLOWED_HOSTS";
const names = /"allowedHosts"\s*:\s*\[\s*"|\ballowedHosts\s*:\s*\[\s*["'`]/;

/** A line for whoever deploys it, where nothing in the source names a host. */
export const unknownHosts = (tree: SourceTree, file: PackageFile, { run }: AppConfig): string[] => {
  if (!dependsOn(file, "@angular/ssr") || run?.env?.[variable] !== undefined) return [];
  if (["angular.json", "src/server.ts", "server.ts"].some((path) => names.test(tree.read(path) ?? ""))) return [];
  return [
    `Angular's server makes pages for host names that it knows alone, and nothing names the app's: run 'slip env set APP ${variable}=APP.slip.localhost', with all its host names.`,
  ];
};
