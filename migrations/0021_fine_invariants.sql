-- What must always be true of due dates and of fines, as views that are empty
-- while it is; see 0006.

create view breach_due_dates_differ as
    select l.library_id, l.id as loan_id, l.due_on, l.renewals, l.periods -> -1 ->> 'due' as last_due, jsonb_array_length(l.periods) as times
    from loans l
    where l.periods <> '[]'
      and (l.periods -> -1 ->> 'due' <> l.due_on::text or jsonb_array_length(l.periods) > l.renewals + 1);
comment on view breach_due_dates_differ is 'The due date of a loan is that of its last time out.';

create view breach_fine_for_nothing as
    select l.library_id, l.id as loan_id, l.due_on, l.returned_on, l.fine_free, said.minor
    from loans l
    cross join lateral (
        select coalesce(sum(e.amount_minor), 0)::bigint as minor
        from ledger_entries e
        left join ledger_entries c on c.library_id = e.library_id and c.id = e.against_id
        where e.library_id = l.patron_library_id and e.loan_id = l.id and e.charge_kind = 'overdue' and e.undoes_id is null
          and e.kind in ('charge', 'waiver', 'reversal') and coalesce(c.loan_period, e.loan_period) = l.renewals + 1) said
    where l.status = 'returned' and l.lost_on is null and l.fine_per = 'day'
      and (l.fine_free or l.returned_on <= l.due_on) and said.minor > 0;
comment on view breach_fine_for_nothing is 'What came back in time, or is forgiven, costs nothing for lateness.';

do $$
declare
    name text;
begin
    foreach name in array array['breach_due_dates_differ', 'breach_fine_for_nothing'] loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;
