-- Which workloads have changed, so that control compares those alone with what the host has. Neither table is logged: a PostgreSQL that was
-- killed, and may have lost commits, has emptied both, and control, which does not find its look again, looks at all of them.
create unlogged table workload_changes (
  changed xid8 not null default pg_current_xact_id(),
  id text not null
);
create index workload_changes_by_time on workload_changes (changed);

create unlogged table workload_look (
  one boolean primary key default true check (one),
  id text not null
);

create function note_workload() returns trigger language plpgsql as $$
begin
  insert into workload_changes (id) values (coalesce(new.id, old.id));
  return null;
end $$;
create trigger note_workload after insert or delete on workloads for each row execute function note_workload();
create trigger note_workload_desire after update of desire, instances, targets on workloads
  for each row when ((old.desire, old.instances, old.targets) is distinct from (new.desire, new.instances, new.targets)) execute function note_workload();

-- Those that serve no more and that nobody has parked or removed yet, and those with fewer places than they should have.
create index workloads_left on workloads (app_id)
  where (retired_at is not null and desire = 'running') or (jsonb_array_length(targets) between 1 and instances - 1);
