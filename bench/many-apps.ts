// Rows of many apps, each live and with one instance, as if they had been deployed.

const digits = 26;
const idOf = (prefix: string): string => `'${prefix}_' || lpad(i::text, ${digits}, '0')`;

const tables = ["routes", "workloads"];

/** Statements that add apps a1 … aN, each at its own host and `more` others. */
export const rowsOfApps = ({ apps, more = 0 }: { apps: number; more?: number }): string => {
  const all = `generate_series(1, ${apps}) i`;
  return `
    ${tables.map((table) => `alter table ${table} disable trigger user;`).join(" ")}
    insert into apps (id, tenant, project_id, environment_id, name)
      select ${idOf("app")}, p.tenant, p.id, e.id, 'a' || i from ${all},
        (select * from projects where tenant = 'local' limit 1) p join environments e on e.project_id = p.id on conflict do nothing;
    insert into releases (id, app_id, number, artifact, config, env, secret_versions, deployment, live_at)
      select ${idOf("rel")}, ${idOf("app")}, 1, 'sha256:' || repeat('0', 64), '{}', '{}', '{}', ${idOf("dep")}, now() from ${all} on conflict do nothing;
    insert into deployments (id, app_id, tenant, kind, state, request, release_id, release, artifact, workload)
      select ${idOf("dep")}, ${idOf("app")}, 'local', 'deploy', 'live', '{}', ${idOf("rel")}, 1, 'sha256:' || repeat('0', 64), ${idOf("dep")} from ${all}
      on conflict do nothing;
    insert into workloads (id, app_id, release_id, desire, instances, targets)
      select ${idOf("dep")}, ${idOf("app")}, ${idOf("rel")}, 'running', 1,
        jsonb_build_array(jsonb_build_object('instance', ${idOf("ins")}, 'address', '10.' || i / 65536 || '.' || i / 256 % 256 || '.' || i % 256 || ':3000'))
      from ${all} on conflict do nothing;
    update apps a set live_deployment = d.id from deployments d where d.app_id = a.id and a.live_deployment is null;
    insert into routes (host, path, app_id, deployment)
      select 'a' || i || case j when 0 then '' else '-' || j end || '.slip.localhost', '/', ${idOf("app")}, ${idOf("dep")}
      from ${all}, generate_series(0, ${more}) j on conflict do nothing;
    update route_table set version = version + 1, complete_from = version + 1;
    ${tables.map((table) => `alter table ${table} enable trigger user;`).join(" ")}`;
};

/** The workload of an app a1 … aN. */
export const workloadOfApp = (index: number): string => `dep_${String(index).padStart(digits, "0")}`;
