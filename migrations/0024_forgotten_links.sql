-- What is forgotten is not led to by money either. A settled entry keeps its
-- account, amount, kind, day and receipt; what it says of the loan or request it
-- was for goes when they no longer say whose they were.

-- A key without the thing it was made from: the entry's own id stands in its
-- place, so that keys stay different from each other. Keys that a desk gave to an
-- act of its own name no thing. While the entry still belongs to something else,
-- its key goes on keeping that from being charged twice.
create function ledger_key_without(key text, gone uuid, other uuid, entry uuid) returns text
    language sql immutable parallel safe
    as $$ select case
        when key ~ '^(payment|waiver|refund|taken_back|credit|fee|voucher|merge|import):' then replace(key, gone::text, entry::text)
        when other is not null then replace(key, gone::text, entry::text)
        else regexp_replace(key, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', entry::text, 'g') end $$;

-- The one exception to the ledger's only ever being added to. The system role may
-- set an entry's link to a loan or request to null, and nothing else: the trigger
-- refuses every other change, also to these columns, and takes the note, the
-- loan's period and what the keys say of the thing along. No amount, account, day
-- or kind can change, so every sum stays what it was.
create or replace function ledger_is_append_only() returns trigger language plpgsql as $$
declare
    links constant text[] := array['loan_id', 'request_id'];
begin
    if tg_op <> 'UPDATE' then
        raise exception 'ledger_entries is append-only: reverse an entry by a new one';
    end if;
    if to_jsonb(new) - links <> to_jsonb(old) - links
        or (new.loan_id is not null and new.loan_id is distinct from old.loan_id)
        or (new.request_id is not null and new.request_id is distinct from old.request_id) then
        raise exception 'ledger_entries is append-only: reverse an entry by a new one';
    end if;
    if old.loan_id is not null and new.loan_id is null then
        new.cause := ledger_key_without(new.cause, old.loan_id, old.request_id, old.id);
        new.act := ledger_key_without(new.act, old.loan_id, old.request_id, old.id);
        new.file_key := replace(new.file_key, old.loan_id::text, old.id::text);
        new.loan_period := null;
        new.note := '';
    end if;
    if old.request_id is not null and new.request_id is null then
        new.cause := ledger_key_without(new.cause, old.request_id, new.loan_id, old.id);
        new.act := ledger_key_without(new.act, old.request_id, new.loan_id, old.id);
        new.file_key := replace(new.file_key, old.request_id::text, old.id::text);
        new.note := '';
    end if;
    return new;
end $$;
grant update (loan_id, request_id) on ledger_entries to afield_system;

-- What the night looks at: entries and overrides of patrons that still lead
-- somewhere.
create index ledger_leading_on on ledger_entries (library_id, id)
    where patron_id is not null and (loan_id is not null or request_id is not null);
create index overrides_leading_on on overrides (library_id, id) where patron_id is not null and about_id is not null;
create index notices_leading_on on notices (library_id, id)
    where loan_id is not null or request_id is not null or hold_id is not null;

-- A voucher goes over when two accounts become one; its refund stays where it was
-- posted.
create or replace view breach_voucher_without_refund as
    select v.library_id, v.id as voucher_id, v.amount_minor, coalesce(r.minor, 0) as refunded
    from refund_vouchers v
    left join lateral (
        select sum(e.amount_minor)::bigint as minor from ledger_entries e
        where e.library_id = v.library_id and e.act like 'voucher:%' and e.act in ('voucher:' || v.id, 'voucher:' || v.id || ':cancelled')) r on true
    where coalesce(r.minor, 0) <> case when v.cancelled_at is null then v.amount_minor else 0 end;
create index ledger_by_act on ledger_entries (library_id, act) where act like 'voucher:%';
