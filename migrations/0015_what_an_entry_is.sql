-- What an entry of the ledger is about stands in columns of its own. Until now it
-- was read from the spelling of the entry's cause, which from here on is a key and
-- nothing more: it makes sure that one thing is written once.
--
-- The columns are made as generated ones and then let go: that fills in the rows
-- that are there, all libraries' at once, without an update, which the ledger
-- refuses.

alter table ledger_entries
    -- For which of the loan's periods a fine is: the first ends with the first due
    -- date, and each renewal begins the next.
    add column loan_period int generated always as (case
        when kind = 'charge' and charge_kind = 'overdue' and loan_id is not null
            then substring(cause from '^overdue:' || loan_id::text || ':([0-9]{1,6})(?::|$)')::int + 1 end) stored,
    -- Why part of a charge is taken back as counted wrongly; empty where it is
    -- forgiven.
    add column correction text not null generated always as (case
        when kind <> 'reversal' or undoes_id is not null or cause !~ '^(overdue|lost):.*:back:' then ''
        else case substring(cause from ':back:([a-z_]+)')
            when 'renewal'     then 'renewal'
            when 'corrected'   then 'due_date'
            when 'lost'        then 'loss'
            when 'adjusted'    then 'adjustment'
            when 'closed'      then 'closing'
            when 'merge'       then 'merge'
            when 'found_again' then 'found_again'
            when 'donation'    then 'donation'
            else 'return' end end) stored,
    -- The day on which the item was lost, where it was taken back because of that.
    add column lost_on date generated always as (case
        when kind = 'reversal' and cause ~ '^overdue:.*:back:lost:[0-9]{4}-[0-9]{2}-[0-9]{2}'
            then make_date(substring(cause from ':back:lost:([0-9]{4})')::int,
                substring(cause from ':back:lost:[0-9]{4}-([0-9]{2})')::int,
                substring(cause from ':back:lost:[0-9]{4}-[0-9]{2}-([0-9]{2})')::int) end) stored,
    -- The key of the act, where one act made several entries.
    add column act text not null generated always as (case
        when cause ~ '^import:' or cause !~ '(#[0-9]+|:lapse|:source:[0-9]+)$' then ''
        else regexp_replace(cause, '(#[0-9]+|:source:[0-9]+)?(:lapse)?$', '') end) stored,
    -- The key of the entry in the file that it was brought in with.
    add column file_key text not null generated always as (case
        when cause ~ '^import:' then substr(cause, 8) else '' end) stored;

alter table ledger_entries
    alter column loan_period drop expression,
    alter column correction  drop expression, alter column correction set default '',
    alter column lost_on     drop expression,
    alter column act         drop expression, alter column act set default '',
    alter column file_key    drop expression, alter column file_key set default '',
    add constraint period_is_a_fines check (loan_period is null
        or (loan_period > 0 and kind = 'charge' and charge_kind = 'overdue' and loan_id is not null)),
    add constraint correction_is_a_reversal check (correction = '' or (kind = 'reversal' and correction in
        ('return', 'renewal', 'due_date', 'loss', 'adjustment', 'closing', 'merge', 'found_again', 'donation'))),
    add constraint lost_on_tells_of_a_loss check (lost_on is null or correction = 'loss');

create or replace view breach_voucher_without_refund as
    select v.library_id, v.id as voucher_id, v.amount_minor, coalesce(r.minor, 0) as refunded
    from refund_vouchers v
    left join lateral (
        select sum(e.amount_minor)::bigint as minor from ledger_entries e
        where e.library_id = v.library_id and e.patron_id = v.patron_id
          and e.act in ('voucher:' || v.id, 'voucher:' || v.id || ':cancelled')) r on true
    where coalesce(r.minor, 0) <> case when v.cancelled_at is null then v.amount_minor else 0 end;

-- For which of the loan's periods a notice is, in the same way.
alter table notices
    add column loan_period int generated always as (case
        when kind = 'overdue' and loan_id is not null
            then substring(cause from '^overdue:' || loan_id::text || ':([0-9]{1,6}):')::int + 1 end) stored;
alter table notices
    alter column loan_period drop expression,
    add constraint period_is_a_loans check (loan_period is null or (loan_period > 0 and loan_id is not null));
