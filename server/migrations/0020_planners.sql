-- By which grant it was planned, where by one: tokens of one name are not one another's.
alter table plans add column grant_id text;
