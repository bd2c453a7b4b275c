-- What the route table says of one app, found by keys alone. A plan for all apps that are asked for at once reads whole tables where these
-- are of middle size: with 2,000 apps it took ten times as long to ask for one.
create function routed_app_of(of_app text) returns setof routed_app language plpgsql stable as $$
declare
  it routed_app;
begin
  select max(r.deployment), jsonb_agg(jsonb_build_array(r.host, r.path) order by r.host, r.path) into it.deployment, it.places
    from routes r where r.app_id = of_app;
  if it.deployment is null then return; end if;
  select a.id, p.name, a.name into it.id, it.project, it.app from apps a join projects p on p.id = a.project_id where a.id = of_app;
  select d.tenant, d.commit, d.release, d.artifact, w.targets, w.id, l.config->'sleep', l.config->'scale', l.config->'run'->>'protocol'
    into it.tenant, it.commit, it.release, it.artifact, it.targets, it.workload, it.sleep, it.scale, it.protocol
    from deployments d join workloads w on w.id = d.workload join releases l on l.id = w.release_id where d.id = it.deployment;
  if found then return next it; end if;
end $$;

-- As before, app by app.
create or replace function route_changes_since(since bigint, most integer) returns setof route_change language plpgsql stable
set plan_cache_mode = force_generic_plan as $$
declare
  it route_change;
begin
  select t.version, t.complete_from into it.version, it.complete_from from route_table t;
  if it.complete_from <= since then
    for it.kind, it.changed in
      select distinct noted.kind, noted.id from route_changes noted where noted.version between since + 1 and it.version limit most
    loop
      if it.kind = 'app' then
        return query select it.version, it.complete_from, it.kind, it.changed, a.* from (select 1) one left join routed_app_of(it.changed) a on true;
      else
        return next it;
      end if;
    end loop;
  end if;
  if it.kind is null then return next it; end if;
end $$;
