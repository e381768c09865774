-- What staff wrote is forgotten with what it tells of: the system role may also
-- empty the note of an entry. It can write no other note, and nothing else.
create or replace function ledger_is_append_only() returns trigger language plpgsql as $$
declare
    links constant text[] := array['loan_id', 'request_id'];
begin
    if tg_op <> 'UPDATE' then
        raise exception 'ledger_entries is append-only: reverse an entry by a new one';
    end if;
    if to_jsonb(new) - links - 'note' <> to_jsonb(old) - links - 'note'
        or (new.note <> '' and new.note <> old.note)
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
grant update (note) on ledger_entries to afield_system;

-- About whom something is written.
create index blocks_of_patron on blocks (library_id, patron_id);
create index disclosures_of_patron on disclosures (library_id, patron_id) where patron_id is not null;
create index vouchers_of_patron on refund_vouchers (library_id, patron_id) where reason <> '';
create index ledger_notes on ledger_entries (library_id, patron_id) where patron_id is not null and note <> '';
