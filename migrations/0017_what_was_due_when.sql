-- What was due when, and why, stays with the loan, so that its fine can be worked
-- out from the facts whenever another one becomes known.
alter table loans
    -- The due date as it was set, before closed days moved it.
    add column due_set date,
    -- Its times out, the present one last; empty until the first change.
    add column periods jsonb not null default '[]' check (jsonb_typeof(periods) = 'array'),
    -- Whether its return costs nothing, however late it was.
    add column fine_free boolean not null default false;
