-- What looks at something once it has locked it, as one question: a statement by itself would see what there was before it waited.

-- An app that nothing is under way of, and that was not destroyed; nobody else begins anything of it until this transaction ends.
create function idle_app(of_app text) returns setof apps language plpgsql as $$
declare
  app apps;
begin
  select * into app from apps where id = of_app and destroyed_at is null for update;
  if not found
    or exists (select 1 from deployments where app_id = of_app and state in ('waiting', 'running'))
    or exists (select 1 from tasks where app_id = of_app and state = 'open')
  then return; end if;
  return next app;
end $$;

-- Makes the routes of an app exactly these. Where its host names are by now others than those that the routes were made of, it changes
-- nothing and gives them. Of a route that another app serves the primary key tells.
create function point_routes(of_app text, to_deployment text, known text[], hosts text[], paths text[]) returns text[] language plpgsql as $$
declare
  there text[];
begin
  perform 1 from apps where id = of_app for update;
  select coalesce(array_agg(host order by is_default desc, created_at, host), '{}') into there from domains where app_id = of_app;
  if there <> known then return there; end if;
  delete from routes where app_id = of_app;
  insert into routes (host, path, app_id, deployment) select host, path, of_app, to_deployment from unnest(hosts, paths) as asked (host, path);
  return null;
end $$;

-- What the route table says of an app.
create type routed_app as (
  id text, tenant text, project text, app text, deployment text, commit text, release integer, artifact text, targets jsonb, places jsonb,
  workload text, sleep jsonb, scale jsonb, protocol text
);

-- Those of apps that have routes. To plan this takes ten times as long as to do it, and a plan that knows the ids is no better.
create function routed_apps(ids text[]) returns setof routed_app language plpgsql stable set plan_cache_mode = force_generic_plan as $$
begin
  return query
    select a.id, d.tenant, p.name, a.name, r.deployment, d.commit, d.release, d.artifact, w.targets, r.places,
      w.id, l.config->'sleep', l.config->'scale', l.config->'run'->>'protocol'
    from (
      select app_id, max(routes.deployment) as deployment, jsonb_agg(jsonb_build_array(host, path) order by host, path) as places
      from routes where app_id = any(ids) group by app_id
    ) r join apps a on a.id = r.app_id join projects p on p.id = a.project_id
    join deployments d on d.id = r.deployment join workloads w on w.id = d.workload join releases l on l.id = w.release_id;
end $$;

-- A change since a version of the table, and the app that it is of as that is now.
create type route_change as (
  version bigint, complete_from bigint, kind text, changed text,
  id text, tenant text, project text, app text, deployment text, commit text, release integer, artifact text, targets jsonb, places jsonb,
  workload text, sleep jsonb, scale jsonb, protocol text
);

-- Of one moment, at most so many. Where older versions were forgotten there is one row that says nothing but the newest version.
create function route_changes_since(since bigint, most integer) returns setof route_change language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  newest route_table;
begin
  select * into newest from route_table;
  return query
    select newest.version, newest.complete_from, c.kind, c.id, a.* from (select 1) one left join (
      select distinct noted.kind, noted.id from route_changes noted
      where noted.version between since + 1 and newest.version and newest.complete_from <= since limit most
    ) c on true left join lateral routed_apps(array[c.id]) a on c.kind = 'app';
end $$;

-- The same at the end of a transaction, with what that has changed; none where it has not. Its version is counted here, as otherwise at the commit.
create function route_changes_with_own(has_changed boolean, since bigint, most integer) returns setof route_change language plpgsql as $$
begin
  if not has_changed then return; end if;
  set constraints all immediate;
  return query select * from route_changes_since(since, most);
end $$;
