// Where everything of one installation lives. One function a path: no other file joins a path under SLIP_HOME.
import { join } from "node:path";

export type Home = ReturnType<typeof homeAt>;

/** Joins nothing anew: this is asked ten thousand times for a source of as many files. */
const blobIn =
  (sources: string) =>
  (tenant: string, sha256: string): string =>
    `${sources}/${tenant}/blobs/${sha256.slice(0, 2)}/${sha256}`;

/** The paths of the installation in `root`. The comment behind each says who writes it. */
export const homeAt = (root: string) => ({
  root,
  installation: join(root, "installation.json"), // up
  ballast: join(root, "ballast"), // up: holds room for a full disk
  token: join(root, "token"), // up; 0600, root: the owner's API token
  code: join(root, "code"), // up: the programs that run, by what they are made of
  processLogs: join(root, "processes"), // up: output of our own processes, and state.json of the supervisor
  supervisorLock: join(root, "processes", "lock"), // up; 0600, root: names the lock of the supervisor
  supervisorState: join(root, "processes", "state.json"), // up
  postgres: join(root, "postgres"), // postgres
  postgresData: join(root, "postgres", "data"), // postgres
  restate: join(root, "restate"), // restate
  restateSocket: (name: "ingress" | "admin") => join(root, "restate", "slip", `${name}.sock`), // restate: it puts them beside its data
  restateConfig: join(root, "restate", "restate.toml"), // up
  restateIdentity: join(root, "restate", "identity.pem"), // up: signs requests to the workflow handlers
  tokenSha256: join(root, "control", "token.sha256"), // up: SHA-256 of the owner's token in hexadecimal; control never sees the token itself
  control: join(root, "control"), // control; 0700: sealing key, local authority
  postgresPassword: join(root, "control", "postgres-password"), // up
  postgresPasswordSha256: join(root, "postgres-password.sha256"), // up: of the one that the cluster knows
  restateIdentityKey: join(root, "control", "restate-identity-key"), // up: public key of restateIdentity, "publickeyv1_…"
  sources: join(root, "sources"), // control (uploads) and host (git)
  sourceBlobs: (tenant: string) => join(root, "sources", tenant, "blobs"),
  sourceBlob: blobIn(join(root, "sources")),
  sourceManifest: (tenant: string, digest: string) => join(root, "sources", tenant, "manifests", `${digest.replace("sha256:", "")}.json`),
  sourceChange: (tenant: string, digest: string) => join(root, "sources", tenant, "manifests", `${digest.replace("sha256:", "")}.change`), // what the manifest has else than another
  oci: join(root, "oci"), // host: OCI image layout
  layers: join(root, "layers"), // host: unpacked layers by digest
  cache: join(root, "cache"), // host: dependency caches and toolchains
  logs: join(root, "logs"),
  hostLogs: join(root, "logs", "host"), // host: build and runtime lines
  edgeLogs: join(root, "logs", "edge"), // edge: access lines
  controlLogs: join(root, "logs", "control"), // control: platform lines of deployments
  edge: join(root, "edge"), // control
  routeTable: join(root, "edge", "table.json"), // control
  run: join(root, "run"), // a tmpfs: sockets, bundles, and raw output of instances before it is redacted
  controlSocketFolder: join(root, "run", "control"),
  routesFollowed: join(root, "run", "control", "followed"), // control: the addresses in the database are of this start of the machine
  controlSocket: join(root, "run", "control", "control.sock"),
  faults: join(root, "run", "control", "faults"), // control, in tests that kill processes
  hostSocket: join(root, "run", "host.sock"),
  wakeSocket: join(root, "run", "wake.sock"), // host: edges wake workloads by it
  edgeSockets: join(root, "run", "edge"),
  edgeSocket: (index: number) => join(root, "run", "edge", `edge-${index}.sock`),
  postgresSockets: join(root, "run", "postgres"),
  workloads: join(root, "run", "workloads"), // host: what each workload is, with opened secrets
  instances: join(root, "run", "instances"), // host: bundle, record and raw output of each instance
  runs: join(root, "run", "runs"), // host: the same of programs that run once
  jobs: join(root, "run", "jobs"), // host: where each release command is, and what came of it
  exits: join(root, "run", "exits"), // conmon: exit codes
  runtimes: join(root, "run", "runtimes"), // runc and runsc: their own records; host: programs that runsc asks
  systemView: join(root, "run", "system"), // host: what programs under runc see at /sys
});
