-- The keys that values are sealed with, by name. The keys themselves are files, which the database never holds.
-- A key that a sealed value still names cannot be deleted here, so its file is kept as long as it is needed.
create table sealing_keys (
  id text primary key,
  created_at timestamptz not null default now()
);

-- Null: sealed before keys had names, with the one key of that time. Control names it at its start.
alter table secret_versions add column key_id text references sealing_keys;
create index secret_versions_by_key on secret_versions (key_id);
alter table certificates add column key_id text references sealing_keys;
create index certificates_by_key on certificates (key_id);
