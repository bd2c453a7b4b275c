-- People, and what they are in a tenant.
create table people (
  id text primary key,
  name text not null,
  email text,
  created_at timestamptz not null default now()
);

-- Who somebody is elsewhere: an issuer's subject is one person. An e-mail address alone makes nobody anybody.
create table identities (
  issuer text not null,
  subject text not null,
  person text not null references people on delete cascade,
  created_at timestamptz not null default now(),
  primary key (issuer, subject)
);
create index identities_by_person on identities (person);

create table members (
  tenant text not null references tenants,
  person text not null references people on delete cascade,
  role text not null check (role in ('owner', 'developer', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (tenant, person)
);
create index members_by_person on members (person);

create table invitations (
  id text primary key,
  tenant text not null references tenants,
  -- SHA-256 of its secret; the secret itself is stored nowhere.
  sha256 bytea not null unique,
  role text not null check (role in ('owner', 'developer', 'viewer')),
  -- For whom it is meant, as its maker calls them; it decides nothing.
  email text,
  invited_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_by text references people on delete set null,
  accepted_at timestamptz
);
create index invitations_by_tenant on invitations (tenant, id);

-- What tokens may do of what their giver may, and what was used of it. It outlives the token: one that takes another's place has the same.
create table grants (
  id text primary key,
  tenant text not null references tenants,
  person text references people on delete cascade,
  terms jsonb not null,
  builds integer not null default 0,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- Verbs are what the giver may at most; a person's role and the grant narrow them.
alter table tokens add column name text not null default '';
alter table tokens add column kind text not null default 'plain';
alter table tokens add column person text references people on delete cascade;
alter table tokens add column grant_id text references grants on delete cascade;
alter table tokens add column created_by text;
alter table tokens add column revoked_at timestamptz;
alter table tokens add column last_used_at timestamptz;
create index tokens_by_tenant on tokens (tenant, id);

-- All tokens of before are the owner's, who may do everything.
update tokens set kind = 'owner', verbs = array['read', 'deploy', 'configure', 'destroy', 'administer'] where actor = 'owner';
