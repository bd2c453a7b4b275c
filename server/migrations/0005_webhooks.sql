-- Events get the id that they are known by outside. What was told before there were webhooks is nobody's.
alter table outbox add column event text not null unique default 'evt_' || left(translate(gen_random_uuid()::text, '-', ''), 26);
alter table outbox add column is_dispatched boolean not null default true;
alter table outbox alter column is_dispatched set default false;
create index outbox_fresh on outbox (id) where not is_dispatched;
create index outbox_by_time on outbox (created_at);

create table webhooks (
  id text primary key,
  tenant text not null references tenants,
  url text not null,
  description text,
  -- Null: all.
  topics text[],
  -- Why nothing is sent to it; null while it is active.
  paused text check (paused in ('asked', 'gone', 'failing')),
  -- When the failures began since which it has received nothing.
  failing_since timestamptz,
  -- Of the request that made it: asked again after a crash, it is not made twice.
  idempotency_key text,
  created_at timestamptz not null default now(),
  unique (tenant, idempotency_key)
);

-- The newest signs, and those that were replaced a while ago.
create table webhook_secrets (
  webhook_id text not null references webhooks on delete cascade,
  version integer not null,
  sealed bytea not null,
  key_id text not null references sealing_keys,
  -- Null: until it is replaced.
  signs_until timestamptz,
  -- Of the request that asked for it.
  idempotency_key text,
  created_at timestamptz not null default now(),
  primary key (webhook_id, version),
  unique (webhook_id, idempotency_key)
);
create index webhook_secrets_by_key on webhook_secrets (key_id);

-- Made in the transaction that takes an event from the outbox, so none is lost between.
create table webhook_deliveries (
  id text primary key,
  webhook_id text not null references webhooks on delete cascade,
  event text not null references outbox (event) on delete cascade,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempts integer not null default 0,
  next_at timestamptz not null,
  -- Of the last attempt.
  status integer,
  problem text,
  duration_ms integer,
  attempted_at timestamptz,
  created_at timestamptz not null default now(),
  unique (webhook_id, event)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where state = 'waiting';
create index webhook_deliveries_by_event on webhook_deliveries (event);
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, id desc);
