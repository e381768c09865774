-- What was done at a desk in one act, so that it can be taken back while nothing
-- has followed: who, when, until when, and which rows the act changed. What the
-- rows were before is kept only as long as the act can be undone.

create table desk_acts (
    library_id uuid not null references libraries,   -- whose desk it was
    id         uuid not null,
    kind       text not null check (kind in ('check_out', 'check_in', 'shelve', 'receive', 'send', 'payment')),
    at         timestamptz not null,
    by         jsonb not null,
    branch_id  uuid,
    item_id    uuid,
    loan_id    uuid,
    request_id uuid,
    receipt    bigint,                               -- of a payment
    undo_until timestamptz,                          -- null: the policy lets nobody undo it
    undone_at  timestamptz,
    undone_by  jsonb,
    undone_why text not null default '',
    primary key (library_id, id),
    check ((undone_at is null) = (undone_by is null))
);
create index desk_acts_by_age on desk_acts (library_id, at);
create index desk_acts_by_loan on desk_acts (library_id, loan_id) where loan_id is not null;
create index desk_acts_by_item on desk_acts (library_id, item_id) where item_id is not null;
call afield_protect('desk_acts');

create table desk_act_changes (
    library_id uuid not null references libraries,   -- the act's, whosever the row is
    act_id     uuid not null,
    number     bigint generated always as identity,
    of_table   text not null,
    of_key     jsonb not null,
    did        text not null check (did in ('insert', 'update', 'delete')),
    before     jsonb not null default '{}',          -- the columns that changed, as they were
    after      text not null default '',             -- a hash of the row as the act left it
    primary key (library_id, act_id, of_table, of_key)
);
create index desk_act_changes_by_row on desk_act_changes (of_table, of_key, number);
call afield_protect('desk_act_changes');

-- Columns that may change without anything having followed from it: a note on a
-- request; when and by which channel a notice is to be tried.
create function afield_passed_over(of_table text) returns text[] language sql immutable parallel safe
    as $$ select case of_table when 'requests' then '{version}' when 'notices' then '{due_at,channel,next_channels,facts,last_error}' else '{}' end::text[] $$;

-- Notes a row that an act at a desk changes. The act is named by the setting
-- afield.act, as library/act; without it nothing is noted.
create function afield_note_change() returns trigger language plpgsql
    set timezone to 'UTC' as $$
declare
    act       constant text[] := string_to_array(current_setting('afield.act'), '/');
    passed    constant text[] := afield_passed_over(tg_table_name);
    was       jsonb;
    is_now    jsonb;
    this_key  jsonb;
    what      text := lower(tg_op);
    previous  jsonb := '{}';
    earlier   text;
begin
    if tg_op <> 'INSERT' then was := to_jsonb(old) - passed; end if;
    if tg_op <> 'DELETE' then is_now := to_jsonb(new) - passed; end if;
    if was = is_now then return null; end if;
    select jsonb_object_agg(k, coalesce(is_now, was) -> k) into this_key from unnest(string_to_array(tg_argv[0], ',')) k;
    if tg_op = 'DELETE' then
        previous := was;
    elsif tg_op = 'UPDATE' then
        select coalesce(jsonb_object_agg(w.key, w.value), '{}') into previous from jsonb_each(was) w where w.value is distinct from is_now -> w.key;
    end if;
    select c.did into earlier from desk_act_changes c
        where c.library_id = act[1]::uuid and c.act_id = act[2]::uuid and c.of_table = tg_table_name and c.of_key = this_key;
    if earlier = 'insert' and what = 'delete' then -- it came and went
        delete from desk_act_changes c
            where c.library_id = act[1]::uuid and c.act_id = act[2]::uuid and c.of_table = tg_table_name and c.of_key = this_key;
        return null;
    end if;
    insert into desk_act_changes as c (library_id, act_id, of_table, of_key, did, before, after)
        values (act[1]::uuid, act[2]::uuid, tg_table_name, this_key, what, previous, coalesce(md5(is_now::text), ''))
        on conflict (library_id, act_id, of_table, of_key) do update set
            did = case when c.did = 'insert' then 'insert' when excluded.did = 'delete' then 'delete' else 'update' end,
            before = case when c.did = 'insert' then '{}' else excluded.before || c.before end,
            after = excluded.after;
    return null;
end $$;

do $$
declare
    noted record;
begin
    for noted in select * from (values
        ('items', 'library_id,id'), ('loans', 'library_id,id'), ('holds', 'library_id,id'), ('transits', 'library_id,id'),
        ('claims', 'library_id,id'), ('accruals', 'library_id,loan_id'), ('adjusted_loans', 'library_id,adjustment_id,loan_id'),
        ('blocks', 'library_id,id'), ('ledger_entries', 'library_id,id'), ('library_invoices', 'library_id,id'),
        ('refund_vouchers', 'library_id,id'), ('notices', 'library_id,id'), ('requests', 'library_id,id'),
        ('request_items', 'library_id,id'), ('rota_entries', 'library_id,id'), ('deadlines', 'library_id,request_id,kind'),
        ('staff_tasks', 'library_id,id'), ('messages', 'library_id,id'), ('queue_overrides', 'library_id,hold_id')
    ) t (name, keys) loop
        execute format('create trigger noted_by_desk_acts after insert or update or delete on %I for each row
            when (current_setting(''afield.act'', true) <> '''') execute function afield_note_change(%L)', noted.name, noted.keys);
    end loop;
end $$;

create function afield_row_of(of_key jsonb) returns text language sql immutable parallel safe
    as $$ select string_agg(format('t.%I = %L', k.key, k.value), ' and ') from jsonb_each_text(of_key) k $$;

-- The rows of an act that are no longer as it left them. It locks them all, in
-- the order in which everybody locks: requests, items, loans, holds, the rest.
create function afield_followed(library uuid, act uuid) returns table (of_table text, of_key jsonb) language plpgsql
    set timezone to 'UTC' as $$
declare
    noted  desk_act_changes;
    is_now jsonb;
begin
    for noted in select c.* from desk_act_changes c where c.library_id = library and c.act_id = act
        order by array_position('{requests,rota_entries,items,loans,holds}'::text[], c.of_table), c.of_table, c.of_key
    loop
        execute format('select to_jsonb(t) - $1 from %I t where %s %s', noted.of_table, afield_row_of(noted.of_key),
                case when noted.of_table <> 'ledger_entries' then 'for update' end) -- whose rows never change
            into is_now using afield_passed_over(noted.of_table);
        if coalesce(md5(is_now::text), '') <> noted.after then
            of_table := noted.of_table;
            of_key := noted.of_key;
            return next;
        end if;
    end loop;
end $$;

-- Puts the rows of an act back to what they were, the last change first; rows of
-- the tables named are left to those who take them back by an act of their own.
-- A row that something else has changed since stays as it is.
create function afield_put_back(library uuid, act uuid, left_alone text[]) returns void language plpgsql
    set timezone to 'UTC' as $$
declare
    noted   desk_act_changes;
    columns text;
    is_now  jsonb;
begin
    for noted in select c.* from desk_act_changes c
        where c.library_id = library and c.act_id = act and c.of_table <> all (left_alone) order by c.number desc
    loop
        execute format('select to_jsonb(t) - $1 from %I t where %s', noted.of_table, afield_row_of(noted.of_key))
            into is_now using afield_passed_over(noted.of_table);
        continue when coalesce(md5(is_now::text), '') <> noted.after;
        select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns from pg_attribute a
            where a.attrelid = noted.of_table::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                and noted.before ? a.attname;
        case noted.did
        when 'insert' then
            execute format('delete from %I t where %s', noted.of_table, afield_row_of(noted.of_key));
        when 'delete' then
            execute format('insert into %1$I (%2$s) select %2$s from jsonb_populate_record(null::%1$I, $1)', noted.of_table, columns)
                using noted.before;
        when 'update' then
            if columns is not null then
                execute format('update %1$I t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$I, $1)) where %3$s',
                    noted.of_table, columns, afield_row_of(noted.of_key)) using noted.before;
            end if;
        end case;
    end loop;
end $$;

-- A charge that was made by an act which was undone was counted wrongly.
alter table ledger_entries
    drop constraint correction_is_a_reversal,
    add constraint correction_is_a_reversal check (correction = '' or (kind = 'reversal' and correction in
        ('return', 'renewal', 'due_date', 'loss', 'adjustment', 'closing', 'merge', 'found_again', 'donation', 'undone')));
