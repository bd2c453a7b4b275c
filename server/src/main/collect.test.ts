// Garbage by a real database and real files: what goes is what no release that is kept, no deployment and no tenant needs any more.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { limit } from "@slipstream/contract/limits.ts";
import { openImage } from "#platform/oci/image.ts";
import { layerFolder } from "#platform/oci/layout.ts";
import { storeTree } from "../build/sources/store.ts";
import { buildFixture } from "../build/testing/build-fixture.ts";
import { collectGarbage } from "../control/releases/collect.ts";
import { type ControlPlane, startControlPlane } from "./testing/control-plane.ts";

const log = { info() {}, warn() {}, error() {} };
const kept = limit("keptReleases");
const releases = kept + 4;
/** Neither is among the newest: one is parked, one was rolled back to. */
const [parked, live] = [1, 2];
const garbage = [3, 4];
const others = Array.from({ length: releases }, (_, index) => index + 1).filter((number) => !garbage.includes(number));

/** Ids of deployments sort in the order in which they were asked for. */
const deploymentOf = (number: number): string => `dep_${String(number).padStart(3, "0")}`;

const agedFiles = (folder: string): void => {
  const dayAgo = new Date(Date.now() - 86_400_000);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) utimesSync(join(entry.parentPath, entry.name), dayAgo, dayAgo);
};

describe("garbage", () => {
  const fixture = buildFixture(() => Promise.reject(new Error("No program is started here.")));
  const { home, handlers } = fixture;
  const sources = new Map<number, string>();
  const artifacts = new Map<number, string>();
  let plane: ControlPlane;

  const sourceOf = (number: number): string => sources.get(number) ?? "";
  const artifactOf = (number: number): string => artifacts.get(number) ?? "";
  const isStored = (tenant: string, number: number): boolean => existsSync(home.sourceManifest(tenant, sourceOf(number)));
  const collect = () =>
    collectGarbage({ home, database: plane.database, host: { collect: (kept) => handlers.collect(kept, new AbortController().signal) }, log });
  const listed = async (): Promise<number[]> =>
    (await plane.database<{ number: number }[]>`select number from releases order by number`).map(({ number }) => number);

  /** Release 1 is of the oldest deployment, and so on; each has a page of its own. */
  const release = async (number: number): Promise<void> => {
    const { database } = plane;
    const source = await fixture.store({ "index.html": `release ${number}` });
    const built = await fixture.build(source);
    assert.ok(built.outcome === "built", JSON.stringify(built));
    const { artifact } = built;
    sources.set(number, source);
    artifacts.set(number, artifact);
    await database`insert into sources (tenant, digest, files, size_bytes, checked_at) values ('ten', ${source}, 1, 1, now() - interval '2 days')`;
    await database`insert into artifacts (tenant, digest, size_bytes, created_at) values ('ten', ${artifact}, 1, now() - interval '2 days')`;
    await database`insert into builds (id, tenant, input_digest, artifact, buildpack, steps) values (${`bld_${number}`}, 'ten', ${source}, ${artifact}, 'static', '[]')`;
    await database`
      insert into releases (id, app_id, number, artifact, source, config, env, secret_versions, deployment, live_at)
      values (${`rel_${number}`}, 'app_1', ${number}, ${artifact}, ${source}, '{}', '{}', '{}', ${deploymentOf(number)}, now() - make_interval(mins => ${1_000 - number}))`;
    await database`
      insert into deployments (id, app_id, tenant, kind, state, request, source, artifact, release_id, release)
      values (${deploymentOf(number)}, 'app_1', 'ten', 'deploy', 'live', '{}', ${source}, ${artifact}, ${`rel_${number}`}, ${number})`;
  };

  before(async () => {
    plane = await startControlPlane();
    const { database } = plane;
    for (const tenant of ["ten", "other"]) await database`insert into tenants (tenant) values (${tenant})`;
    await database`insert into projects (id, tenant, name) values ('prj_1', 'ten', 'default')`;
    await database`insert into environments (id, project_id, name) values ('env_1', 'prj_1', 'production')`;
    await database`insert into apps (id, tenant, project_id, environment_id, name) values ('app_1', 'ten', 'prj_1', 'env_1', 'shop')`;
    for (let number = 1; number <= releases; number += 1) await release(number);
    await database`insert into workloads (id, app_id, release_id, desire, instances) values (${deploymentOf(parked)}, 'app_1', ${`rel_${parked}`}, 'parked', 1)`;
    await database`update apps set live_deployment = ${deploymentOf(live)} where id = 'app_1'`;
    for (const folder of [home.oci, home.layers, home.sources]) agedFiles(folder);
  });
  after(async () => {
    fixture[Symbol.dispose]();
    await plane.stop();
  });

  it("waits while a deployment is under way, which would lose what it has just made", async () => {
    await plane.database`insert into deployments (id, app_id, tenant, kind, state, request) values ('dep_open', 'app_1', 'ten', 'deploy', 'running', '{}')`;
    await collect();
    assert.equal((await listed()).length, releases);
    for (const number of garbage) assert.ok(isStored("ten", number));
    await plane.database`update deployments set state = 'failed' where id = 'dep_open'`;
  });

  it("is what was sent or built for nobody and long ago; what is new or another tenant's stays", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slip-other-"));
    writeFileSync(join(folder, "index.html"), "release 3");
    assert.equal(await storeTree(home, "other", folder), sourceOf(3), "the same source");
    rmSync(folder, { recursive: true });
    await plane.database`insert into sources (tenant, digest, files, size_bytes) values ('other', ${sourceOf(3)}, 1, 1)`;
    const justSent = await fixture.store({ "index.html": "sent just now, for a deployment to come" });
    const fetched = await fixture.store({ "index.html": "fetched for a deployment that has just failed" });
    const failedLong = await fixture.store({ "index.html": "fetched for a deployment that failed two days ago" });
    agedFiles(home.sources);
    await plane.database`insert into sources (tenant, digest, files, size_bytes) values ('ten', ${justSent}, 1, 1)`;
    await plane.database`
      insert into deployments (id, app_id, tenant, kind, state, request, source, ended_at) values
        ('dep_failed', 'app_1', 'ten', 'deploy', 'failed', '{}', ${fetched}, now()),
        ('dep_failed_long', 'app_1', 'ten', 'deploy', 'failed', '{}', ${failedLong}, now() - interval '2 days')`;
    const young = await fixture.store({ "index.html": "nobody has noted it yet" });

    await collect();

    assert.deepEqual([isStored("ten", 3), isStored("other", 3)], [false, true]);
    assert.ok(existsSync(home.sourceManifest("ten", justSent)));
    assert.ok(existsSync(home.sourceManifest("ten", young)));
    assert.deepEqual(
      [fetched, failedLong].map((source) => existsSync(home.sourceManifest("ten", source))),
      [true, false],
    );
  });

  it("is the release that rollback cannot reach, with its source, artifact, layer and rows", async () => {
    assert.deepEqual(await listed(), others);
    for (const number of garbage) {
      assert.ok(!isStored("ten", number));
      await assert.rejects(openImage(home, artifactOf(number)), { code: "not_found" });
    }
    const [rows] = await plane.database`
      select (select count(*)::int from artifacts) as artifacts, (select count(*)::int from builds) as builds from apps`;
    assert.deepEqual(rows, { artifacts: others.length, builds: others.length });
  });

  it("is nothing that the live release, the parked one or one to roll back to needs", async () => {
    for (const number of others) {
      assert.ok(isStored("ten", number), `the source of release ${number}`);
      const { layers } = await openImage(home, artifactOf(number));
      assert.ok(
        layers.some((layer) => existsSync(join(layer, "app/index.html")) && readFileSync(join(layer, "app/index.html"), "utf8") === `release ${number}`),
      );
      const again = await fixture.build(sourceOf(number));
      assert.ok(again.outcome === "built" && again.artifact === artifactOf(number), `release ${number} can be built again`);
    }
  });

  it("is all of it when the app is gone", async () => {
    await plane.database`delete from apps where id = 'app_1'`;
    const layers = (await openImage(home, artifactOf(live))).layers.map((layer) => layer.split("/").at(-1) ?? "");
    agedFiles(home.oci);
    agedFiles(home.layers);
    await collect();
    for (const number of others) {
      assert.ok(!isStored("ten", number));
      await assert.rejects(openImage(home, artifactOf(number)), { code: "not_found" });
    }
    assert.ok(!existsSync(layerFolder(home, `sha256:${layers.at(-1)}`)), "the layer of the app");
    assert.ok(existsSync(layerFolder(home, `sha256:${layers.at(0)}`)), "the base, which the next build of anything needs");
  });
});
