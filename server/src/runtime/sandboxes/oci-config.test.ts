import assert from "node:assert/strict";
import { test } from "node:test";
import { type OciInput, ociConfig } from "./oci-config.ts";
import { seccompProfile } from "./runc/seccomp.ts";

const input: OciInput = {
  spec: {
    id: "ins_1",
    layers: ["/layers/a"],
    writable: undefined,
    mounts: [{ source: "/secrets", destination: "/run/secrets", readOnly: true }],
    args: ["node", "server.js"],
    env: { PORT: "3000", TEXT: "a=b c" },
    cwd: "/app",
    network: "/run/netns/slipabcdef-1",
    hostname: "shop",
    limits: { memoryBytes: 512 * 2 ** 20, cpus: 0.5, pids: 100, tmpBytes: 2 ** 20, openFiles: 4_096 },
  },
  root: "/bundle/root",
  readOnlyRoot: true,
  uid: 1_879_048_198,
  cgroup: "/slipstream-abcdef/ins_1",
  joinsNetwork: true,
  followsRoot: false,
  seccomp: seccompProfile("x64"),
  userNamespace: { rootUid: 1_879_048_199, systemView: "/run/system" },
  cgroupView: "unified",
  annotations: {},
};

test("the program is nobody, and cannot become anybody", () => {
  const { process, root } = ociConfig(input);
  assert.deepEqual(process, {
    terminal: false,
    user: { uid: 1_879_048_198, gid: 1_879_048_198, umask: 0o022 },
    args: ["node", "server.js"],
    env: ["PORT=3000", "TEXT=a=b c"],
    cwd: "/app",
    capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
    rlimits: [
      { type: "RLIMIT_NOFILE", hard: 4_096, soft: 4_096 },
      { type: "RLIMIT_CORE", hard: 0, soft: 0 },
    ],
    noNewPrivileges: true,
    oomScoreAdj: 500,
  });
  assert.deepEqual(root, { path: "/bundle/root", readonly: true });
});

test("its limits hold memory without swap, half a processor, and its processes", () =>
  assert.deepEqual(ociConfig(input).linux.resources, {
    devices: [{ allow: false, access: "rwm" }],
    memory: { limit: 512 * 2 ** 20, swap: 512 * 2 ** 20 },
    cpu: { shares: 512, quota: 50_000, period: 100_000 },
    pids: { limit: 100 },
  }));

test("it has namespaces of its own, and the network that was made for it", () => {
  const named = { type: "network", path: "/run/netns/slipabcdef-1" };
  const own = ["pid", "ipc", "uts", "mount", "cgroup", "user"].map((type) => ({ type }));
  assert.deepEqual(ociConfig(input).linux.namespaces, [...own, named]);
  assert.deepEqual(ociConfig({ ...input, joinsNetwork: false }).linux.namespaces, own);
});

test("nobody of the machine is in its user namespace", () => {
  const { linux, mounts } = ociConfig(input);
  const ids = [
    { containerID: 0, hostID: 1_879_048_199, size: 1 },
    { containerID: 1_879_048_198, hostID: 1_879_048_198, size: 1 },
  ];
  assert.deepEqual([linux.uidMappings, linux.gidMappings], [ids, ids]);
  assert.deepEqual(mounts.find(({ destination }) => destination === "/sys")?.source, "/run/system");
});

test("without user namespaces its users are the machine's, and it mounts its /sys itself", () => {
  const { linux, mounts } = ociConfig({ ...input, userNamespace: undefined });
  assert.ok(!("uidMappings" in linux) && !linux.namespaces.some(({ type }) => type === "user"));
  assert.equal(mounts.find(({ destination }) => destination === "/sys")?.type, "sysfs");
});

test("nothing of the host is mounted but what was asked for, and that without devices or set-user-id", () => {
  const bound = ociConfig(input).mounts.filter(({ type, destination }) => type === "bind" && destination !== "/sys");
  assert.deepEqual(bound, [{ destination: "/run/secrets", type: "bind", source: "/secrets", options: ["rbind", "rprivate", "nosuid", "nodev", "ro"] }]);
  for (const { destination, options } of ociConfig(input).mounts) assert.ok(options.includes("nosuid"), destination);
});

test("a build writes to its root and its folder, an instance to neither", () => {
  const build = ociConfig({ ...input, readOnlyRoot: false, spec: { ...input.spec, writable: "/work" } });
  assert.equal(build.root.readonly, false);
  assert.deepEqual(build.mounts.find(({ destination }) => destination === "/app")?.options, ["rbind", "rprivate", "nosuid", "nodev", "rw"]);
});

test("it sees its limits, and cannot change them", () => {
  const seen = (cgroupView: OciInput["cgroupView"]) =>
    ociConfig({ ...input, cgroupView })
      .mounts.filter(({ destination }) => destination.startsWith("/sys/fs"))
      .map(({ destination, type, options }) => [destination, type, options.includes("ro")]);
  assert.deepEqual(seen("unified"), [["/sys/fs/cgroup", "cgroup", true]]);
  assert.deepEqual(seen({ memory: "/sys/fs/cgroup/memory/slipstream-abcdef/ins_1" }).slice(1), [["/sys/fs/cgroup/memory", "bind", true]]);
  assert.deepEqual(seen(undefined), []);
});

test("what the host mounts later is seen by who waits for it alone", () => {
  const ofApp = ({ mounts, linux }: ReturnType<typeof ociConfig>) => [
    linux.rootfsPropagation,
    mounts.flatMap(({ destination, source, options }) => (destination === "/app" ? [{ source, options }] : [])),
  ];
  const later = { ...input.spec, appComesLater: true } as const;
  assert.deepEqual(ofApp(ociConfig(input)), ["rprivate", []]);
  assert.deepEqual(ofApp(ociConfig({ ...input, spec: later })), [
    "rslave",
    [{ source: "/bundle/root/app", options: ["rbind", "rslave", "nosuid", "nodev", "ro"] }],
  ]);
  assert.deepEqual(ofApp(ociConfig({ ...input, followsRoot: true, spec: later })), ["rslave", []]);
});
