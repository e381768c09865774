-- Fines that rise by steps are worked out one by one, like those with a grace: the
-- night's one statement knows a rate alone.
alter table loans
    add column fine_steps jsonb generated always as (terms #> '{overdue,steps}') stored;
