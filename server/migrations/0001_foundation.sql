-- Who owns what.
create table tenants (
  tenant text primary key,
  created_at timestamptz not null default now()
);

create table projects (
  id text primary key,
  tenant text not null references tenants,
  name text not null,
  created_at timestamptz not null default now(),
  unique (tenant, name)
);

create table environments (
  id text primary key,
  project_id text not null references projects,
  name text not null,
  created_at timestamptz not null default now(),
  unique (project_id, name)
);

create table tokens (
  id text primary key,
  tenant text not null references tenants,
  actor text not null,
  -- SHA-256 of the token; the token itself is stored nowhere.
  sha256 bytea not null unique,
  verbs text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz
);

create table apps (
  id text primary key,
  tenant text not null references tenants,
  project_id text not null references projects,
  environment_id text not null references environments,
  -- The name is the app's host name below the platform's domain, so it is unique on the installation.
  name text not null unique,
  -- Set by scaling; else the release's own number counts.
  instances integer,
  last_release integer not null default 0,
  live_deployment text,
  created_at timestamptz not null default now()
);

-- Sources, builds, artifacts.
create table sources (
  tenant text not null references tenants,
  digest text not null,
  files integer not null,
  size_bytes bigint not null,
  checked_at timestamptz not null default now(),
  primary key (tenant, digest)
);

create table artifacts (
  tenant text not null references tenants,
  digest text not null,
  size_bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (tenant, digest)
);

create table builds (
  id text primary key,
  tenant text not null references tenants,
  -- Source, builder version and build secrets: builds with the same inputs make the same artifact.
  input_digest text not null,
  artifact text not null,
  buildpack text not null,
  steps jsonb not null,
  created_at timestamptz not null default now(),
  unique (tenant, input_digest),
  foreign key (tenant, artifact) references artifacts (tenant, digest)
);

-- Releases and the attempts to make them live.
create table releases (
  id text primary key,
  app_id text not null references apps on delete cascade,
  number integer not null,
  artifact text not null,
  source text,
  commit text,
  config jsonb not null,
  env jsonb not null,
  secret_versions jsonb not null,
  deployment text not null,
  created_at timestamptz not null default now(),
  -- Last time that it became live; a release that never was is not listed.
  live_at timestamptz,
  unique (app_id, number)
);

create table deployments (
  id text primary key,
  app_id text not null references apps on delete cascade,
  tenant text not null references tenants,
  kind text not null check (kind in ('deploy', 'rollback', 'config', 'restart')),
  state text not null check (state in ('waiting', 'running', 'live', 'failed', 'cancelled')),
  phase text,
  phases jsonb not null default '[]',
  -- What was asked: source, domain, sandbox, instances, release to go back to.
  request jsonb not null,
  config jsonb,
  source text,
  commit text,
  artifact text,
  release_id text references releases on delete set null,
  release integer,
  -- Whose instances it uses: its own, or those of a parked release.
  workload text,
  idempotency_key text,
  cancel_requested_at timestamptz,
  failure jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  unique (tenant, idempotency_key)
);
create index deployments_by_app on deployments (app_id, id desc);
create index deployments_open on deployments (id) where state in ('waiting', 'running');

-- Changes of an app that are no deployments and are done one at a time with them: scaling, destroying.
create table tasks (
  id text primary key,
  app_id text not null,
  tenant text not null references tenants,
  kind text not null check (kind in ('scale', 'destroy')),
  input jsonb not null,
  state text not null check (state in ('open', 'done', 'failed')),
  output jsonb,
  failure jsonb,
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
create index tasks_open on tasks (id) where state = 'open';

-- Desired state of the runtime: each row should be there, and nothing else.
create table workloads (
  id text primary key,
  app_id text not null references apps on delete cascade,
  release_id text not null references releases,
  desire text not null check (desire in ('running', 'parked')),
  instances integer not null,
  -- Instances that requests may go to, as they were last seen.
  targets jsonb not null default '[]',
  created_at timestamptz not null default now(),
  -- When requests stopped going to it; null while it serves or starts.
  retired_at timestamptz
);
create index workloads_by_app on workloads (app_id);

-- Delivery.
create table domains (
  host text primary key,
  tenant text not null references tenants,
  app_id text not null references apps on delete cascade,
  -- The app's own name below the platform's domain: it lives as long as the app.
  is_default boolean not null default false,
  -- The deployment that brought it and is not live yet; the domain goes when that fails.
  brought_by text,
  created_at timestamptz not null default now()
);
create index domains_by_app on domains (app_id);

create table routes (
  host text not null,
  path text not null,
  app_id text not null references apps on delete cascade,
  deployment text not null,
  primary key (host, path)
);
create index routes_by_app on routes (app_id);

create table route_table (
  one boolean primary key default true check (one),
  version bigint not null
);
insert into route_table (version) values (0);

create table certificates (
  name text primary key,
  certificate text not null,
  sealed_key bytea not null,
  not_after timestamptz not null,
  created_at timestamptz not null default now()
);

-- Settings of apps.
create table secret_versions (
  app_id text not null references apps on delete cascade,
  name text not null,
  version integer not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (app_id, name, version)
);

create table secrets (
  app_id text not null references apps on delete cascade,
  name text not null,
  version integer not null,
  updated_at timestamptz not null default now(),
  primary key (app_id, name),
  foreign key (app_id, name, version) references secret_versions on delete cascade
);

create table env_variables (
  app_id text not null references apps on delete cascade,
  name text not null,
  value text not null,
  updated_at timestamptz not null default now(),
  primary key (app_id, name)
);

-- What was asked and what it changed.
create table journal (
  id text primary key,
  tenant text not null references tenants,
  time timestamptz not null default now(),
  actor text not null,
  request_id text not null,
  operation text not null,
  app text,
  input jsonb not null,
  inverse jsonb
);
create index journal_by_tenant on journal (tenant, id desc);
create index journal_by_app on journal (tenant, app, id desc);

create table outbox (
  id bigint generated always as identity primary key,
  tenant text not null,
  topic text not null,
  subject text not null,
  payload jsonb not null,
  created_at timestamptz not null default now()
);

create table idempotency_keys (
  tenant text not null references tenants,
  key text not null,
  request_sha256 bytea not null,
  answer jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant, key)
);
