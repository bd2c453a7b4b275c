-- Who asks again for what was begun joins it, also where control died before it could answer.
alter table tasks add column idempotency_key text;
alter table tasks add unique (tenant, idempotency_key);
