-- What has just changed, for programs and pages that follow a library's work as it
-- goes on (GET /v1/events). Only names of rows, never what they say; kept for a day.
-- One row for each thing and transaction, whatever it did to it.
--
-- The transaction's id makes the order: a reader asks for what the snapshot it saw
-- last did not see, so nothing that commits late is passed over.
create table live_changes (
    library_id uuid not null,
    xid        xid8 not null default pg_current_xact_id(),
    what       text not null check (what in ('request', 'hold', 'task')),
    subject    uuid not null,
    at         timestamptz not null default now(),
    primary key (library_id, xid, what, subject)
);
create index live_changes_by_age on live_changes using brin (at);
call afield_protect('live_changes');

create function afield_note_live() returns trigger language plpgsql as $$
begin
    execute format('insert into live_changes (library_id, what, subject)
        select distinct library_id, %s from changed on conflict do nothing', tg_argv[0]);
    return null;
end $$;

create trigger noted_live_new after insert on requests referencing new table as changed
    for each statement execute function afield_note_live($$'request', id$$);
create trigger noted_live after update on requests referencing new table as changed
    for each statement execute function afield_note_live($$'request', id$$);
create trigger noted_live_new after insert on request_notes referencing new table as changed
    for each statement execute function afield_note_live($$'request', request_id$$);
create trigger noted_live_new after insert on staff_tasks referencing new table as changed
    for each statement execute function afield_note_live($$case when request_id is null then 'task' else 'request' end, coalesce(request_id, id)$$);
create trigger noted_live after update on staff_tasks referencing new table as changed
    for each statement execute function afield_note_live($$case when request_id is null then 'task' else 'request' end, coalesce(request_id, id)$$);
create trigger noted_live_new after insert on holds referencing new table as changed
    for each statement execute function afield_note_live($$'hold', id$$);
create trigger noted_live after update on holds referencing new table as changed
    for each statement execute function afield_note_live($$'hold', id$$);
create trigger noted_live_gone after delete on staff_tasks referencing old table as changed
    for each statement execute function afield_note_live($$case when request_id is null then 'task' else 'request' end, coalesce(request_id, id)$$);
