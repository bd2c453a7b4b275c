-- A client that a person lets act for them. What it may do is its grant.
create table connections (
  grant_id text primary key references grants on delete cascade,
  client_id text not null,
  -- As it calls itself.
  client_name text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- What the authorization server keeps: clients that registered, authorizations under way, codes, refresh tokens.
create table oauth_entries (
  model text not null,
  -- SHA-256 of its id, which for a code or a token is the secret itself.
  id bytea not null,
  sealed bytea not null,
  key_id text not null references sealing_keys,
  grant_id text,
  uid bytea,
  consumed_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  primary key (model, id)
);
create index oauth_entries_by_grant on oauth_entries (grant_id) where grant_id is not null;
create index oauth_entries_by_uid on oauth_entries (model, uid) where uid is not null;
create index oauth_entries_by_end on oauth_entries (expires_at);
create index oauth_entries_by_key on oauth_entries (key_id);

-- People who are signed in on the pages, by the hash of their cookie.
create table sessions (
  sha256 bytea primary key,
  person text not null references people on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_by_person on sessions (person);

-- Codes that sign somebody in once, by their hash.
create table sign_in_codes (
  sha256 bytea primary key,
  person text not null references people on delete cascade,
  expires_at timestamptz not null
);

-- Where people sign in elsewhere: OpenID Connect, or GitHub.
create table providers (
  name text primary key,
  kind text not null check (kind in ('oidc', 'github')),
  issuer text not null unique,
  client_id text not null,
  sealed_secret bytea not null,
  key_id text not null references sealing_keys,
  created_at timestamptz not null default now()
);
