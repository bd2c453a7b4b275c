-- What undoes an entry, or why nothing does; what an entry undid, and by which it was undone last.
alter table journal add column no_undo text;
alter table journal add column undoes text references journal;
alter table journal add column undone_by text references journal;
-- The deployment that carries the change out: one that failed changed nothing.
alter table journal add column deployment text;

-- Null: the change of the request is committed, and its answer is not known yet.
alter table idempotency_keys alter column answer drop not null;

-- An app that is off the air and kept until it is purged; `live_before` is the deployment that was live then.
alter table apps add column destroyed_at timestamptz;
alter table apps add column live_before text;
alter table apps add constraint apps_destroyed_check check (destroyed_at is null or live_deployment is null);

alter table deployments drop constraint deployments_kind_check;
alter table deployments add constraint deployments_kind_check check (kind in ('deploy', 'rollback', 'config', 'restart', 'restore'));
