-- What was asked beyond a grant, and what became of it.
create table approvals (
  id text primary key,
  tenant text not null references tenants,
  grant_id text not null references grants on delete cascade,
  -- Whose grant it is, and what they could do when it was asked.
  person text references people on delete cascade,
  giver_verbs text[] not null,
  actor text not null,
  operation text not null,
  app text,
  idempotency_key text,
  request_sha256 bytea not null,
  -- The input as a person sees it: without secrets.
  shown jsonb not null,
  why text not null,
  state text not null default 'pending' check (state in ('pending', 'approved', 'done', 'failed', 'denied', 'expired')),
  -- The input until it has ended, then the answer. Both can hold what only the asker may see.
  sealed bytea,
  key_id text references sealing_keys,
  failure jsonb,
  decided_by text,
  -- The asker has had the answer: the same request asks anew, unless it comes with this key.
  collected_key text,
  collected_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index approvals_by_tenant on approvals (tenant, id desc);
create index approvals_by_request on approvals (grant_id, request_sha256);
create index approvals_open on approvals (id) where state in ('pending', 'approved');
create index approvals_by_sealing_key on approvals (key_id);

-- Who approved what somebody else asked. What was approved is done once: its entry, in the transaction of the change, is there once.
alter table journal add column approved_by text;
alter table journal add column approval text unique;
