-- What must always be true of local circulation's money, as views that are empty
-- while it is; see 0006.

create view breach_accrual_without_loan as
    select a.library_id, a.loan_id, a.patron_id, l.status
    from accruals a
    left join loans l on l.library_id = a.loan_library_id and l.id = a.loan_id
    where l.id is null or l.status = 'returned'
       or l.patron_library_id <> a.library_id or l.patron_id is distinct from a.patron_id;
comment on view breach_accrual_without_loan is 'A fine grows only for a loan that is not returned, and for its patron.';

-- A reversal takes back a charge, or a payment or refund that it names.
create or replace view breach_ledger_credit_without_charge as
    select e.library_id, e.id as entry_id, e.kind
    from ledger_entries e
    left join ledger_entries c on c.library_id = e.library_id and c.id = e.against_id
    where e.kind in ('waiver', 'reversal') and e.undoes_id is null
      and (c.id is null or c.currency <> e.currency
        or c.patron_id is distinct from e.patron_id or c.debtor_library_id is distinct from e.debtor_library_id);

create or replace view breach_ledger_over_credited as
    select c.library_id, c.id as charge_id, c.amount_minor, sum(e.amount_minor) as credited
    from ledger_entries c
    join ledger_entries e on e.library_id = c.library_id and e.against_id = c.id
        and e.kind in ('waiver', 'reversal') and e.undoes_id is null
    where c.kind = 'charge'
    group by 1, 2, 3 having c.amount_minor + sum(e.amount_minor) < 0;

create view breach_ledger_undone_otherwise as
    select e.library_id, e.id as entry_id, u.id as undone_id
    from ledger_entries e
    join ledger_entries u on u.library_id = e.library_id and u.id = e.undoes_id
    where e.kind <> 'reversal' or u.kind not in ('payment', 'refund')
       or e.amount_minor <> -u.amount_minor or e.currency <> u.currency or e.against_id is distinct from u.against_id
       or e.patron_id is distinct from u.patron_id or e.debtor_library_id is distinct from u.debtor_library_id;
comment on view breach_ledger_undone_otherwise is 'A payment or refund is undone whole, on the account it was made on.';

create view breach_till_differs as
    select t.library_id, t.id as till_id, m.method, m.minor, coalesce((t.expected ->> m.method)::bigint, 0) as expected
    from tills t
    cross join lateral (
        select method, sum(minor)::bigint as minor
        from (select e.method, -e.amount_minor as minor from ledger_entries e
                where e.library_id = t.library_id and e.till_id = t.id
            union all select v.paid_method, -v.amount_minor from refund_vouchers v
                where v.library_id = t.library_id and v.till_id = t.id
            union all select 'cash', t.float_minor) moved
        group by 1) m
    where t.closed_at is not null and m.minor <> coalesce((t.expected ->> m.method)::bigint, 0);
comment on view breach_till_differs is 'Nothing moves in a till once it is closed.';

create view breach_voucher_without_refund as
    select v.library_id, v.id as voucher_id, v.amount_minor, coalesce(r.minor, 0) as refunded
    from refund_vouchers v
    left join lateral (
        select sum(e.amount_minor)::bigint as minor from ledger_entries e
        where e.library_id = v.library_id and e.patron_id = v.patron_id
          and starts_with(e.cause, 'voucher:' || v.id)) r on true
    where coalesce(r.minor, 0) <> case when v.cancelled_at is null then v.amount_minor else 0 end;
comment on view breach_voucher_without_refund is 'A voucher is a refund in the ledger, and a cancelled one is none.';

create view breach_invoice_differs as
    select i.library_id, i.id as invoice_id, i.status, i.owed_minor, c.amount_minor + coalesce(a.minor, 0) as owed
    from library_invoices i
    left join ledger_entries c on c.library_id = i.library_id and c.id = i.charge_id
    left join lateral (
        select sum(e.amount_minor)::bigint as minor from ledger_entries e
        where e.library_id = i.library_id and e.against_id = i.charge_id) a on true
    where c.id is null or c.debtor_library_id is distinct from i.debtor_library_id
       or c.amount_minor <> i.amount_minor or c.currency <> i.currency
       or i.owed_minor <> c.amount_minor + coalesce(a.minor, 0)
       or (i.status in ('open', 'disputed')) <> (i.owed_minor > 0);
comment on view breach_invoice_differs is 'What an invoice says is left is what the ledger says.';

do $$
declare
    name text;
begin
    for name in select viewname from pg_views where schemaname = current_schema() and viewname like 'breach\_%' loop
        execute format('revoke all on %I from afield_app', name);
        execute format('revoke insert, update, delete on %I from afield_system', name);
    end loop;
end $$;
