// What servers of Node's read in their environment, where they go by another variable than HOST and PORT.
import { dependsOn, type PackageFile } from "./package-file.ts";

const own: readonly (readonly [packageName: string, variables: Readonly<Record<string, string>>])[] = [["fastify-cli", { FASTIFY_ADDRESS: "0.0.0.0" }]];

export const serverVariables = (file: PackageFile): Record<string, string> =>
  Object.assign({ NODE_ENV: "production", HOST: "0.0.0.0" }, ...own.filter(([name]) => dependsOn(file, name)).map(([, variables]) => variables));
