-- What was planned, until it is applied or expires.
create table plans (
  id text primary key,
  tenant text not null references tenants,
  actor text not null,
  operation text not null,
  app text,
  -- The input, sealed, for it can hold values of secrets. Null once it is of no use any more.
  sealed bytea,
  key_id text references sealing_keys,
  -- What is said of it: changes, interrupts, policy, quota, inverse.
  shown jsonb not null,
  -- The state that it was made of, which must still be so when it is applied.
  fingerprint jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- Set in the transaction of the change itself: it is applied exactly when its change is there.
  applied_at timestamptz,
  applied_key text,
  applied_run text,
  answer jsonb
);
create index plans_by_tenant on plans (tenant, id desc);
create index plans_by_key on plans (key_id);
