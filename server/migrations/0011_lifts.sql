-- What of the grant an approval lifts: just what was named to who gave it. Those that were asked for before name nothing, and ask again.
alter table approvals add column beyond jsonb not null default '[]';
-- What was approved, and met another bound of its grant before it changed anything, goes on with another approval, which lifts both.
alter table approvals add column approved_before jsonb not null default '[]';
alter table approvals add column continued_by text;
alter table approvals drop constraint approvals_state_check;
alter table approvals add constraint approvals_state_check
  check (state in ('pending', 'approved', 'done', 'failed', 'denied', 'expired', 'continued'));
