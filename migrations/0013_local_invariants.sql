-- What must always be true of local circulation's money, as views that are empty
-- while it is; see 0006.

create view breach_accrual_without_loan as
    select a.library_id, a.loan_id, a.patron_id, l.status
    from accruals a
    left join loans l on l.library_id = a.loan_library_id and l.id = a.loan_id
    where l.id is null or l.status = 'returned'
       or l.patron_library_id <> a.library_id or l.patron_id is distinct from a.patron_id;
comment on view breach_accrual_without_loan is 'A fine grows only for a loan that is not returned, and for its patron.';

do $$
declare
    name text;
begin
    for name in select viewname from pg_views where schemaname = current_schema() and viewname like 'breach\_%' loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;
