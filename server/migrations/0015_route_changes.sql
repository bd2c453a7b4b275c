-- What each version of the route table has changed, so that an edge is sent that alone. The rows that the table is made of note it themselves.
create table route_changes (
  version bigint not null,
  kind text not null check (kind in ('app', 'certificate')),
  -- An app's id, or the name of a certificate.
  id text not null,
  primary key (version, kind, id)
);

-- Notes are complete after this version: who has an older table needs the whole.
alter table route_table add complete_from bigint not null default 0;
alter table route_table add changed_by xid8;
update route_table set version = version + 1, complete_from = version + 1;

-- The version counts up once a transaction, at its end: others wait for it no longer than the commit takes.
create function note_route_change(noted_kind text, noted_id text) returns void language plpgsql as $$
declare
  counted bigint;
begin
  select version into counted from route_table where changed_by = pg_current_xact_id();
  if not found then
    update route_table set version = version + 1, changed_by = pg_current_xact_id() returning version into counted;
  end if;
  insert into route_changes (version, kind, id) values (counted, noted_kind, noted_id) on conflict do nothing;
end $$;

create function note_route() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform note_route_change('app', old.app_id); end if;
  if tg_op <> 'DELETE' then perform note_route_change('app', new.app_id); end if;
  return null;
end $$;
create constraint trigger note_route after insert or update or delete on routes
  deferrable initially deferred for each row execute function note_route();

-- What is looked at below may be about to come: who commits it at the same time is waited for, or waits.
create function await_route_changes() returns void language plpgsql as $$
begin
  perform 1 from route_table for update;
end $$;

-- A workload that no route leads to has no place in the table.
create function note_targets() returns trigger language plpgsql as $$
begin
  perform await_route_changes();
  if exists (select 1 from routes r join deployments d on d.id = r.deployment where r.app_id = new.app_id and d.workload = new.id) then
    perform note_route_change('app', new.app_id);
  end if;
  return null;
end $$;
create constraint trigger note_targets after update of targets on workloads
  deferrable initially deferred for each row when (old.targets is distinct from new.targets) execute function note_targets();

create function note_certificate() returns trigger language plpgsql as $$
begin
  perform note_route_change('certificate', coalesce(new.name, old.name));
  return null;
end $$;
create constraint trigger note_certificate after insert or update of certificate or delete on certificates
  deferrable initially deferred for each row execute function note_certificate();

-- The certificate of a host name is served for as long as the host name is somebody's.
create function note_domain() returns trigger language plpgsql as $$
begin
  perform await_route_changes();
  if exists (select 1 from certificates where name = coalesce(new.host, old.host)) then
    perform note_route_change('certificate', coalesce(new.host, old.host));
  end if;
  return null;
end $$;
create constraint trigger note_domain after insert or delete on domains
  deferrable initially deferred for each row execute function note_domain();
