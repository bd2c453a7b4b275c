-- The grant that a deployment was asked for with; its CPU time is counted for that.
alter table deployments add column grant_id text;

-- CPU time of sandboxes, each in all since it began. Of those that are gone for long the grant itself has the sum.
create table cpu_times (
  sandbox text primary key,
  grant_id text not null references grants on delete cascade,
  ms bigint not null,
  seen_at timestamptz not null default now()
);
create index cpu_times_by_grant on cpu_times (grant_id);
alter table grants add column cpu_ms bigint not null default 0;
