-- Wrong tries are counted per account and network, so that who guesses locks nobody
-- out but themselves; such a counter says which account it is about.
alter table signin_attempts add column about text;
create index signin_attempts_about on signin_attempts (about) where about is not null;

-- When a session was last used: one that lies idle ends.
alter table access_tokens add column used_at timestamptz not null default now();
