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
