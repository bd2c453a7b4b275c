-- A key that another one is to take the place of: set in the transaction that claims the request, before there is another key on disk.
alter table sealing_keys add column is_leaving boolean not null default false;
