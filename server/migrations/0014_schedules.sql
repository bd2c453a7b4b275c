-- The last minute for which a function was called by one of its expressions of cron: who moves it on is who calls.
create table scheduled_calls (
  app_id text not null references apps on delete cascade,
  cron text not null,
  due_at timestamptz not null,
  primary key (app_id, cron)
);
-- Control looks for functions with a schedule every minute, and they are few among many.
create index releases_with_schedule on releases (id) where config -> 'function' ? 'schedule';
