-- What a build has noticed of its source, one line each: for those who deploy it, also where the artifact of before is used again.
alter table builds add column notes jsonb not null default '[]';
alter table deployments add column notes jsonb not null default '[]';
